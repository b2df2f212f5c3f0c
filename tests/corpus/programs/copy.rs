//! Copies of the paths as Rust makes them.
const OUT: &str = env!("OUT");
const DEV: &str = env!("DEV");
static TABLE: [(&str, &str); 3] = [("out", OUT), ("dev", concat!(env!("DEV"), "/include")), ("other", env!("OTHER"))];
struct Paths { out: String, lib: &'static str, bytes: [u8; 43] }
const fn first43(text: &str) -> [u8; 43] {
    let mut result = [0; 43];
    let mut at = 0;
    while at < 43 { result[at] = text.as_bytes()[at]; at += 1; }
    result
}
#[inline(never)]
fn plain() -> String { String::from(OUT) }
#[inline(never)]
fn longer() -> String { concat!(env!("OUT"), "/share/locale").to_string() }
#[inline(never)]
fn shifted() -> String { concat!("-L", env!("OUT"), "/lib").to_owned() }
#[inline(never)]
fn bytes() -> Vec<u8> { concat!("abcde", env!("DEV")).as_bytes().to_vec() }
#[inline(never)]
fn boxed() -> Box<str> { env!("HASH").into() }
#[inline(never)]
fn paths() -> Paths { Paths { out: DEV.to_string(), lib: concat!(env!("OUT"), "/lib"), bytes: first43(OUT) } }
#[inline(never)]
fn fill(to: &mut [u8; 200]) { to[3..3 + OUT.len()].copy_from_slice(OUT.as_bytes()); }
pub fn corpus(given: &str) {
    let mut room = [b'.'; 200];
    fill(&mut room);
    let paths = paths();
    for each in [plain(), longer(), shifted(), String::from_utf8(bytes()).unwrap(), boxed().into(), paths.out] { println!("{each}"); }
    println!("{} {}", paths.lib, String::from_utf8_lossy(&paths.bytes));
    println!("{}", String::from_utf8_lossy(&room));
    for (name, path) in &TABLE { println!("{name}={path}"); }
    println!("{given}");
}
