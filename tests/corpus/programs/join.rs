//! Concatenation as Rust makes it.
#[inline(never)]
fn formatted(rest: &str) -> String { format!("-L{}/lib/{rest}:{}", env!("OUT"), env!("DEV")) }
#[inline(never)]
fn literal(rest: &str) -> String { format!(concat!("-Wl,-rpath,", env!("OUT"), "/lib/{}"), rest) }
#[inline(never)]
fn plus(rest: &str) -> String { String::from("xyz") + env!("OUT") + rest + concat!(":", env!("OTHER")) }
#[inline(never)]
fn pushed(rest: &str) -> String { let mut to = rest.to_string(); to.push_str(concat!(":", env!("DEV"), "/bin")); to.push_str(env!("OUT")); to }
#[inline(never)]
fn joined(rest: &str) -> String { [env!("OUT"), rest, concat!(env!("DEV"), "/x")].join(":") }
pub fn corpus(given: &str) {
    for each in [formatted(given), literal(given), plus(given), pushed(given), joined(given)] { println!("{each}"); }
}
