//! Comparisons as Rust makes them.
use std::cmp::Ordering;
const OUT: &str = env!("OUT");
const DEV: &str = env!("DEV");
const OTHER: &str = env!("OTHER");
#[inline(never)]
fn equal(one: &str) -> i32 { (one == OUT).into() }
#[inline(never)]
fn equal_bytes(one: &str) -> i32 { (one.as_bytes() == DEV.as_bytes()).into() }
#[inline(never)]
fn starts(one: &str) -> i32 { one.starts_with(OUT).into() }
#[inline(never)]
fn starts_longer(one: &str) -> i32 { one.starts_with(concat!(env!("OUT"), "/")).into() }
#[inline(never)]
fn order(one: &str) -> i32 { match one.cmp(OUT) { Ordering::Less => -1, Ordering::Equal => 0, Ordering::Greater => 1 } }
#[inline(never)]
fn matched(one: &str) -> i32 { matches!(one, OUT | DEV).into() }
#[inline(never)]
fn chosen(one: &str) -> i32 { match one { OUT => 1, DEV => -1, OTHER => 1, _ => 0 } }
#[inline(never)]
fn head(one: &str) -> i32 { match one.as_bytes() { [b'/', b'n', b'i', b'x', rest @ ..] => rest.starts_with(&OUT.as_bytes()[4..]).into(), _ => -1 } }
pub fn corpus(given: &str) {
    let all: [(&str, fn(&str) -> i32); 8] = [
        ("equal", equal), ("equal_bytes", equal_bytes), ("starts", starts), ("starts_longer", starts_longer),
        ("order", order), ("matched", matched), ("chosen", chosen), ("head", head)];
    for (name, ask) in all {
        print!("{name} {:+}", ask(given));
        for at in 0..given.len() {
            let mut changed = given.to_string().into_bytes();
            changed[at] = if at % 2 == 1 { changed[at] + 1 } else { changed[at] - 1 };
            print!("{:+}", ask(std::str::from_utf8(&changed).unwrap()));
        }
        println!();
    }
}
