//! A search: std's compares the first and the last character by themselves, and the compiler repeats each in a constant.
//! No rewriting can follow this (doc/hash-rewriting.md, limits): counted apart.
#[inline(never)]
fn contains(one: &str) -> bool { one.contains(env!("HASH")) }
pub fn corpus(given: &str) {
    println!("{} {}", env!("OUT"), contains(given));
}
