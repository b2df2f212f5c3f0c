//! Wide and upper-case copies that the compiler computes.
const OUT: &str = env!("OUT");
const UPPER: &str = env!("UPPER");
const fn wide<const N: usize>(text: &str) -> [u16; N] {
    let mut result = [0; N];
    let mut at = 0;
    while at < N { result[at] = text.as_bytes()[at] as u16; at += 1; }
    result
}
static WIDE: [u16; OUT.len()] = wide(OUT);
#[inline(never)]
fn copied() -> Vec<u16> { WIDE.to_vec() }
#[inline(never)]
fn upper() -> String { String::from(UPPER) }
#[inline(never)]
fn mixed() -> String { concat!("FILE:", env!("MIXED"), "/x.h").to_string() }
#[inline(never)]
fn same(one: &str) -> bool { one == UPPER }
#[inline(never)]
fn same_wide(one: &str) -> bool { one.encode_utf16().eq(WIDE.iter().copied()) }
pub fn corpus(given: &str) {
    println!("{}", String::from_utf16_lossy(&copied()));
    println!("{}\n{}\n{} {}", upper(), mixed(), same(&given.to_uppercase()), same_wide(given));
}
