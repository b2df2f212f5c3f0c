/*
 * The shim: stands in front of a compiler wrapper and asks the server what to do.
 *
 *   shim SOCKET CHAIN PROGRAM [ARGUMENT...]   a compiler call; CHAIN is "=" and what BASH_ENV was before ours, or "-" if unset
 *   shim --is-wrapper PROGRAM                 status 0 if PROGRAM, links followed, is a compiler wrapper of nixpkgs
 *   shim --end SOCKET                         tell the server that the build is over; prints what it says
 *   a copy of it called rustc, first on PATH   a call of the next rustc there; server and CHAIN are in the folder above the copy's
 *   a copy of it in which a call is noted     stands for a program that is recorded and not linked: run, it asks for it
 *
 * It judges nothing. Whatever goes wrong here (no server, an answer that it does not understand, a file that cannot be
 * written), it runs the compiler, in the environment that the call would have had without us.
 *
 * Messages both ways are a length of four bytes (host order) and that many bytes of NUL-terminated strings:
 *   "call" FLAGS DIRECTORY PROGRAM ARGC ARGUMENT... VARIABLE...  ->  "run"                     become the compiler
 *                                                                    "keep"                    run it, then say "made"
 *                                                                    "hit" MESSAGES FILE...    write each FILE, print, end
 *   "made" STATUS STDERR                                         ->  "ok" | "fail" TEXT
 *   "stub" CALL                                                  ->  "exec" PROGRAM | "fail" TEXT
 *   "end"                                                        ->  TEXT | "fail" TEXT
 * FLAGS is a string of letters: t, stderr is a terminal. FILE is three strings: how ("object": a new file in the place of
 * one that holds something, "program": the same, executable, "replaced": a new file in the place of any, "text": written
 * over), the path as the call spells it, and the file that holds the content. MESSAGES is a file with what the compiler printed on stderr, or empty.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

enum { LONGEST = 1 << 28, MESSAGES = 1 << 22, PATIENCE = 120, ABOVE_STANDARD = 10 };

/* Which call a copy of the shim stands for, empty in the shim itself; intercept/stub.py fills it in. */
__asm__(".pushsection .note.splitphase,\"a\",%note\n"
        ".balign 4\n"
        ".4byte 11, 128, 0x53504c54\n"
        ".asciz \"splitphase\"\n"
        ".balign 4\n"
        "splitphase_call: .skip 128\n"
        ".popsection");
extern const char splitphase_call[128] __attribute__((visibility("hidden")));

struct buffer {
  char *data;
  size_t size, room;
};

/* Returns 0 where there is no memory. */
static int append(struct buffer *buffer, const char *data, size_t size) {
  if (buffer->size + size > buffer->room) {
    size_t room = (buffer->size + size) * 2 + 4096;
    char *grown = realloc(buffer->data, room);
    if (!grown) return 0;
    buffer->data = grown;
    buffer->room = room;
  }
  memcpy(buffer->data + buffer->size, data, size);
  buffer->size += size;
  return 1;
}

static int append_string(struct buffer *buffer, const char *text) { return append(buffer, text, strlen(text) + 1); }

static int write_all(int file, const char *data, size_t size) {
  while (size) {
    ssize_t done = write(file, data, size);
    if (done < 0 && errno == EAGAIN) {
      struct pollfd waiting = {.fd = file, .events = POLLOUT};
      poll(&waiting, 1, -1);
      continue;
    }
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 0;
    data += done;
    size -= done;
  }
  return 1;
}

/* To the server: a dead one is no signal. */
static int send_all(int file, const char *data, size_t size) {
  while (size) {
    ssize_t done = send(file, data, size, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 0;
    data += done;
    size -= done;
  }
  return 1;
}

static int receive_all(int file, char *data, size_t size) {
  while (size) {
    ssize_t done = read(file, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 0;
    data += done;
    size -= done;
  }
  return 1;
}

/* Sends a message and receives the answer into `answer`, a NUL behind it. */
static int ask(int server, const struct buffer *message, struct buffer *answer) {
  uint32_t length = message->size;
  if (message->size > LONGEST) return 0;
  if (!send_all(server, (char *)&length, sizeof length) || !send_all(server, message->data, length)) return 0;
  if (!receive_all(server, (char *)&length, sizeof length) || length > LONGEST) return 0;
  answer->data = malloc((size_t)length + 1);
  if (!answer->data || !receive_all(server, answer->data, length)) return 0;
  answer->data[length] = 0;
  answer->size = length;
  return 1;
}

/* A connected socket that no program inherits and that is none of the standard descriptors, or -1. */
static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval patience = {.tv_sec = PATIENCE};
  int first, server;
  if (strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (first < 0) return -1;
  server = fcntl(first, F_DUPFD_CLOEXEC, ABOVE_STANDARD);
  close(first);
  if (server < 0) return -1;
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(server, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
    close(server);
    return -1;
  }
  return server;
}

static const char *compiler;

/* Become the compiler. Our BASH_ENV is taken back: neither it nor what it starts is to meet us again. */
static void run(char **call) {
  execv(compiler, call);
  fprintf(stderr, "%s: %s\n", compiler, strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

static void restore_environment(const char *chain) {
  if (chain[0] == '=') setenv("BASH_ENV", chain + 1, 1);
  else unsetenv("BASH_ENV");
}

static int copy(const char *from, int to) {
  static char block[1 << 16];
  int source = open(from, O_RDONLY | O_CLOEXEC);
  ssize_t size;
  if (source < 0) return 0;
  while ((size = read(source, block, sizeof block)) > 0)
    if (!write_all(to, block, size)) {
      size = -1;
      break;
    }
  close(source);
  return size == 0;
}

/* One FILE of a hit. */
static int put(const char *how, const char *path, const char *from) {
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC, target, done;
  if (strcmp(how, "text") == 0) {
    flags |= O_TRUNC;
  } else {
    struct stat there, target_there;
    int replaced = strcmp(how, "replaced") == 0;
    /* What is no ordinary file (a device) is written to. GNU as and ld write into an empty file, through links too. */
    if (!replaced && (stat(path, &target_there) < 0 || target_there.st_size == 0)) {
      flags |= O_TRUNC;
    } else if (lstat(path, &there) == 0 && (S_ISREG(there.st_mode) || S_ISLNK(there.st_mode))) {
      if (unlink(path) < 0) return 0;
      flags |= O_EXCL;
    }
  }
  target = open(path, flags, strcmp(how, "program") == 0 ? 0777 : 0666);
  if (target < 0) return 0;
  done = copy(from, target);
  return close(target) == 0 && done;
}

static const char *next(const char *text) { return text + strlen(text) + 1; }

/* Writes all that a hit names; on success does not return. */
static void take(const struct buffer *answer) {
  const char *messages = next(answer->data), *end = answer->data + answer->size;
  /* A damaged answer, or one without a file, is none. */
  if (!answer->size || end[-1] || messages >= end || next(messages) >= end) return;
  for (const char *how = next(messages); how < end;) {
    const char *path = next(how), *from = path < end ? next(path) : end;
    if (from >= end || !put(how, path, from)) return;
    how = next(from);
  }
  if (messages[0]) copy(messages, STDERR_FILENO);
  _exit(0);
}

static volatile sig_atomic_t child;

static void forward(int number) {
  if (child > 0) kill(child, number);
}

/* What the compiler's messages go through: a pipe, or where they would go to a terminal, another one, since compilers
 * colour and break lines for such. Bytes come out of it as they went in. */
static int open_ends(int ends[2]) {
  struct termios modes;
  struct winsize size;
  char name[64];
  if (tcgetattr(STDERR_FILENO, &modes) < 0) return pipe2(ends, O_CLOEXEC);
  ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends[0] < 0) return -1;
  if (unlockpt(ends[0]) == 0 && ptsname_r(ends[0], name, sizeof name) == 0) {
    ends[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    modes.c_oflag &= ~OPOST;
    if (ends[1] >= 0 && tcsetattr(ends[1], TCSANOW, &modes) == 0) {
      if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) ioctl(ends[1], TIOCSWINSZ, &size);
      return 0;
    }
  }
  return -1;
}

/* Runs the compiler with its messages passed on and collected; returns its wait status. */
static int run_kept(char **call, struct buffer *messages) {
  static const int passed[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
  static char block[1 << 16];
  int ends[2], status = 0, alive = 1;
  struct sigaction action = {.sa_handler = forward}, before;
  if (open_ends(ends) < 0) run(call);
  for (size_t index = 0; index < sizeof passed / sizeof passed[0]; index++) {
    /* What is ignored stays so: the compiler inherits that. */
    if (sigaction(passed[index], NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(passed[index], &action, NULL);
  }
  child = fork();
  if (child < 0) run(call);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    run(call);
  }
  close(ends[1]);
  for (;;) {
    struct pollfd waiting = {.fd = ends[0], .events = POLLIN};
    int ready = poll(&waiting, 1, alive ? 50 : 0);
    if (ready > 0) {
      ssize_t size = read(ends[0], block, sizeof block);
      if (size > 0) {
        write_all(STDERR_FILENO, block, size);
        if (messages->size < MESSAGES) append(messages, block, size);
        continue;
      }
      if (size < 0 && errno == EINTR) continue;
      break;
    }
    /* What the compiler left running in the background may hold the pipe. */
    if (!alive) break;
    if (waitpid(child, &status, WNOHANG) == child) alive = 0;
  }
  while (alive && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  child = 0;
  return status;
}

static void end_as(int status) {
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    kill(getpid(), WTERMSIG(status));
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static void keep(int server, char **call) {
  struct buffer message = {0}, messages = {0}, answer = {0};
  int status = run_kept(call, &messages);
  int failed = !WIFEXITED(status) || WEXITSTATUS(status) || messages.size >= MESSAGES;
  if (append_string(&message, "made") && append_string(&message, failed ? "1" : "0") && append(&message, messages.data ? messages.data : "", messages.size) &&
      append(&message, "", 1) && ask(server, &message, &answer) && strcmp(answer.data, "fail") == 0) {
    fprintf(stderr, "error: %s\n", next(answer.data));
    _exit(1);
  }
  end_as(status);
}

static int is_wrapper(const char *program) {
  char place[PATH_MAX + 64];
  if (!realpath(program, place)) return 0;
  for (int level = 0; level < 2; level++) {
    char *slash = strrchr(place, '/');
    if (!slash) return 0;
    *slash = 0;
  }
  strcat(place, "/nix-support/orig-cc");
  return access(place, F_OK) == 0;
}

static int end_server(const char *path) {
  struct buffer message = {0}, answer = {0};
  int server = connect_to(path);
  struct timeval forever = {0};
  if (server < 0) return 1;
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
  if (!append_string(&message, "end") || !ask(server, &message, &answer)) return 1;
  if (strcmp(answer.data, "fail") == 0) {
    fprintf(stderr, "error: %s\n", next(answer.data));
    return 1;
  }
  return !write_all(STDOUT_FILENO, answer.data, strlen(answer.data));
}

/* A program that is only recorded: the server makes it, if that is little work. Its socket lies beside what BASH_ENV names. */
static int run_stub(char **argv) {
  const char *environment = getenv("BASH_ENV"), *slash = environment ? strrchr(environment, '/') : NULL;
  struct timeval forever = {0};
  struct buffer message = {0}, answer = {0};
  char path[PATH_MAX];
  int server;
  if (slash && strcmp(slash, "/env") == 0 && slash - environment < PATH_MAX - 8)
    snprintf(path, sizeof path, "%.*s/socket", (int)(slash - environment), environment);
  else
    strcpy(path, "/tmp/.splitphase/socket");
  server = connect_to(path);
  if (server >= 0) setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
  if (server < 0 || !append_string(&message, "stub") || !append_string(&message, splitphase_call) || !ask(server, &message, &answer)) {
    fprintf(stderr, "splitphase: %s is only recorded and cannot be run\n", argv[0]);
    return 127;
  }
  if (strcmp(answer.data, "exec") == 0) execv(next(answer.data), argv);
  fprintf(stderr, "splitphase: %s: %s\n", argv[0], next(answer.data));
  return 127;
}

/* Puts the next rustc on PATH behind our own into `path`, and takes our folder off PATH. */
static int find_rustc(const struct stat *self, char *path, size_t room) {
  const char *rest = getenv("PATH");
  char *kept = rest ? malloc(strlen(rest) + 1) : NULL, *end = kept;
  int found = 0, first = 1;
  if (!kept) return 0;
  for (; rest; rest = *rest ? rest + 1 : NULL) {
    size_t length = strcspn(rest, ":");
    struct stat there;
    char place[PATH_MAX];
    int fits = snprintf(place, sizeof place, "%.*s%srustc", (int)length, rest, length ? "/" : "") < (int)sizeof place;
    int runs = fits && stat(place, &there) == 0 && S_ISREG(there.st_mode) && access(place, X_OK) == 0;
    if (!runs || there.st_dev != self->st_dev || there.st_ino != self->st_ino) {
      if (!first) *end++ = ':';
      first = 0;
      memcpy(end, rest, length);
      end += length;
      if (runs && !found) found = snprintf(path, room, "%s", place) < (int)room;
    }
    rest += length;
    if (!*rest) break;
  }
  *end = 0;
  setenv("PATH", kept, 1);
  free(kept);
  return found;
}

/* The same environment and the same name as without us. */
static int as_rustc(const char *self, char *socket, char *program) {
  char place[PATH_MAX + 8], chain[PATH_MAX + 2];
  const char *environment = getenv("BASH_ENV");
  struct stat status;
  ssize_t size = -1;
  int file, above = strlen(self) - strlen("/bin/rustc");
  if (stat(self, &status) < 0 || !find_rustc(&status, program, PATH_MAX)) return 0;
  snprintf(place, sizeof place, "%.*s/env", above, self);
  if (environment && strcmp(environment, place) == 0) {
    snprintf(place, sizeof place, "%.*s/chain", above, self);
    file = open(place, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      size = read(file, chain, sizeof chain - 1);
      close(file);
    }
    chain[size < 0 ? 0 : size] = 0;
    restore_environment(chain);
  }
  snprintf(socket, PATH_MAX, "%.*s/socket", above, self);
  return 1;
}

int main(int argc, char **argv) {
  struct buffer message = {0}, answer = {0};
  char directory[PATH_MAX], count[16], self[PATH_MAX], place[PATH_MAX], program[PATH_MAX];
  char **call = argv + 3;
  const char *socket = argv[1];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  int server;
  if (splitphase_call[0]) return run_stub(argv);
  self[size < 0 ? 0 : size] = 0;
  if (size > 10 && strcmp(self + size - 10, "/bin/rustc") == 0) {
    if (!as_rustc(self, place, program)) {
      fprintf(stderr, "rustc: command not found\n");
      return 127;
    }
    compiler = program;
    socket = place;
    call = argv;
    argc += 3;
  } else {
    if (argc == 3 && strcmp(argv[1], "--is-wrapper") == 0) return !is_wrapper(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--end") == 0) return end_server(argv[2]);
    if (argc < 4) {
      fprintf(stderr, "usage: shim SOCKET CHAIN PROGRAM [ARGUMENT...]\n");
      return 2;
    }
    compiler = call[0];
    restore_environment(argv[2]);
  }
  /* With a standard descriptor closed, or without a working directory, nothing is certain. */
  for (int file = 0; file < 3; file++)
    if (fcntl(file, F_GETFD) < 0) run(call);
  if (!getcwd(directory, sizeof directory)) run(call);
  server = connect_to(socket);
  if (server < 0) run(call);
  snprintf(count, sizeof count, "%d", argc - 4);
  if (!append_string(&message, "call") || !append_string(&message, isatty(STDERR_FILENO) ? "t" : "") ||
      !append_string(&message, directory) || !append_string(&message, compiler) || !append_string(&message, count))
    run(call);
  for (char **word = call + 1; *word; word++)
    if (!append_string(&message, *word)) run(call);
  for (char **variable = environ; *variable; variable++)
    if (!append_string(&message, *variable)) run(call);
  if (!ask(server, &message, &answer)) run(call);
  if (strcmp(answer.data, "hit") == 0) take(&answer);
  if (strcmp(answer.data, "keep") == 0) keep(server, call);
  run(call);
}
