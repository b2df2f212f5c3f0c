"""A CMake project with one of everything, configured with real CMake for Ninja or Makefiles."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/homeless", "LC_ALL": "C.UTF-8"}
GENERATORS = {"ninja": "Ninja", "make": "Unix Makefiles"}

FILES = {
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.13)
project(everything C)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_library(base STATIC base.c "with space.c")
set_source_files_properties("with space.c" PROPERTIES COMPILE_OPTIONS "-DSPECIAL=1;-DTEXT=\\"two words\\"")
target_include_directories(base PUBLIC inc "inc two")
add_library(shown SHARED shown.c)
set_target_properties(shown PROPERTIES VERSION 1.2.3 SOVERSION 1)
target_link_libraries(shown PRIVATE base)
set_property(TARGET base PROPERTY POSITION_INDEPENDENT_CODE ON)
add_library(objects OBJECT object.c)
add_library(plug MODULE plug.c)
add_executable(tool tool.c)
add_custom_command(OUTPUT made/generated.h
  COMMAND ${CMAKE_COMMAND} -E make_directory made
  COMMAND tool made/generated.h DEPENDS tool seed.txt)
add_custom_command(OUTPUT plain.h COMMAND ${CMAKE_COMMAND} -E copy "${CMAKE_SOURCE_DIR}/seed.txt" plain.h
  DEPENDS seed.txt VERBATIM)
add_custom_target(sources DEPENDS made/generated.h plain.h)
add_subdirectory("sub dir")
""",
    "sub dir/CMakeLists.txt": """
add_executable(app main.c $<TARGET_OBJECTS:objects>)
add_dependencies(app sources)
target_include_directories(app PRIVATE "${CMAKE_BINARY_DIR}/made" "${CMAKE_BINARY_DIR}")
target_link_libraries(app PRIVATE shown base)
target_compile_definitions(app PRIVATE "NAME=\\"a b\\"")
add_executable(posted posted.c)
add_custom_command(TARGET posted POST_BUILD COMMAND ${CMAKE_COMMAND} -E echo done)
add_executable(copied posted.c)
add_custom_command(TARGET copied POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_FILE:copied> ${CMAKE_BINARY_DIR}/elsewhere)
add_executable(ran posted.c)
add_custom_command(TARGET ran POST_BUILD COMMAND ran)
""",
    "base.c": '#include "base.h"\nint base(void) { return BASE; }\n',
    "with space.c": '#include "base.h"\n#include <other name.h>\nint spaced(void) { return SPECIAL + OTHER; }\n'
    "const char *text = TEXT;\n",
    "inc/base.h": "#define BASE 1\nint base(void);\nint spaced(void);\n",
    "inc two/other name.h": "#define OTHER 2\n",
    "shown.c": '#include "base.h"\nint shown(void) { return base() + spaced(); }\n',
    "object.c": "int object(void) { return 4; }\n",
    "plug.c": "int plug(void) { return 5; }\n",
    "tool.c": '#include <stdio.h>\nint main(int argc, char **argv) {\n  FILE *out = fopen(argv[argc - 1], "w");\n'
    '  fputs("#define GENERATED 6\\n", out);\n  return fclose(out);\n}\n',
    "seed.txt": "#define PLAIN 7\n",
    "sub dir/main.c": '#include "generated.h"\n#include "plain.h"\n#include "base.h"\n'
    "int shown(void), object(void);\n"
    'int main(void) { return shown() + object() + GENERATED + PLAIN + (sizeof NAME == 4); }\n',
    "sub dir/posted.c": "int main(void) { return 0; }\n",
}  # fmt: skip
OBJECTS = {
    "base.c.o", "with_space.c.o", "shown.c.o", "object.c.o", "plug.c.o", "tool.c.o", "main.c.o", "posted.c.o",
}  # fmt: skip
LINKS = {
    "libbase.a", "libshown.so.1.2.3", "libplug.so", "tool",
    "sub dir/app", "sub dir/posted", "sub dir/copied", "sub dir/ran",
}  # fmt: skip


class CMakeProject:
    """The project in `root/src`, its build directory `root/out dir`."""

    def __init__(self, root: Path, tool: str, files: dict[str, str] | None = None) -> None:
        self.root = root
        self.tool = tool
        self.source = root / "src"
        self.build = root / "out dir"
        for name, text in (files or FILES).items():
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.run("cmake", "-S", str(self.source), "-B", str(self.build), "-G", GENERATORS[tool], where=root)

    def run(self, *words: str, where: Path | None = None) -> str:
        """Run a command that must succeed and return what it prints."""
        done = subprocess.run(
            words, cwd=where or self.build, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def make(self, *words: str) -> str:
        return self.run("ninja" if self.tool == "ninja" else "make", *words)

    def objects(self) -> set[str]:
        """Names of the objects that exist, CMake's own probes left out."""
        return {path.name for path in self.build.rglob("*.o") if "CMakeScratch" not in str(path)}
