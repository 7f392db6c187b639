//! The syntax of JavaScript's patterns, without the `u` flag.

use regex_syntax::hir::{Capture, Hir, Look, Repetition};

use super::class::Set;
use crate::error::{Fault, Result};

/// Groups inside of each other.
const NESTING_MAX: u32 = 50;

/// Reads a whole pattern.
pub(super) fn parse(source: &str, flags: &str) -> Result<Hir> {
    if flags.len() > 1 && (flags.matches('i').count() > 1 || flags.matches('m').count() > 1) {
        return invalid("a flag is there twice");
    }
    let chars: Vec<char> = source.chars().collect();
    let mut parser = Parser {
        groups: groups(&chars),
        chars,
        at: 0,
        ignore_case: flags.contains('i'),
        lines: flags.contains('m'),
        captures: 0,
        depth: 0,
    };
    let hir = parser.alternatives()?;
    if parser.at < parser.chars.len() { invalid("a parenthesis is not opened") } else { Ok(hir) }
}

#[expect(clippy::struct_excessive_bools, reason = "the two flags of a pattern")]
struct Parser {
    chars: Vec<char>,
    at: usize,
    ignore_case: bool,
    lines: bool,
    /// How many groups the whole pattern has.
    groups: u32,
    captures: u32,
    depth: u32,
}

/// A part of a set: one character, or a set of its own.
enum Member {
    One(char),
    Many(Set),
}

fn invalid<T>(reason: &str) -> Result<T> {
    Err(Fault::new("S0303").word(reason))
}

fn unsupported<T>(what: &str) -> Result<T> {
    Err(Fault::new("S0304").word(what))
}

/// Counts the groups that capture, which tells `\1` from an octal number.
fn groups(chars: &[char]) -> u32 {
    let (mut count, mut in_set, mut at) = (0, false, 0);
    while let Some(next) = chars.get(at) {
        let after = |distance: usize| chars.get(at + distance).copied().unwrap_or_default();
        match next {
            '\\' => at += 1,
            '[' => in_set = true,
            ']' => in_set = false,
            '(' if !in_set && (after(1) != '?' || (after(2) == '<' && !matches!(after(3), '=' | '!'))) => count += 1,
            _ => {}
        }
        at += 1;
    }
    count
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn accept(&mut self, text: &str) -> bool {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let seen = text.chars().count() <= rest.len() && text.chars().zip(rest).all(|(wanted, seen)| wanted == *seen);
        if seen {
            self.at += text.chars().count();
        }
        seen
    }

    fn alternatives(&mut self) -> Result<Hir> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(Fault::new("L1005"));
        }
        let mut alternatives = vec![self.sequence()?];
        while self.accept("|") {
            alternatives.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(Hir::alternation(alternatives))
    }

    fn sequence(&mut self) -> Result<Hir> {
        let mut parts = Vec::new();
        while let Some(next) = self.peek() {
            if next == '|' || next == ')' {
                break;
            }
            self.at += 1;
            let (part, repeats) = self.part(next)?;
            parts.push(if repeats { self.repeated(part)? } else { part });
        }
        Ok(Hir::concat(parts))
    }

    /// One part, and whether a quantifier may follow.
    fn part(&mut self, next: char) -> Result<(Hir, bool)> {
        let look = |look| Ok((Hir::look(look), false));
        Ok((
            match next {
                '^' => return look(if self.lines { Look::StartLF } else { Look::Start }),
                '$' => return look(if self.lines { Look::EndLF } else { Look::End }),
                '\\' if self.accept("b") => return look(Look::WordAscii),
                '\\' if self.accept("B") => return look(Look::WordAsciiNegate),
                '\\' => self.escape()?,
                '.' => Set::dot().into_hir(false, false),
                '[' => self.set()?,
                '(' => self.group()?,
                '*' | '+' | '?' => return invalid("nothing to repeat"),
                '{' => match self.counts() {
                    Some(_) => return invalid("nothing to repeat"),
                    None => self.one('{'),
                },
                _ => self.one(next),
            },
            true,
        ))
    }

    fn one(&self, char: char) -> Hir {
        Set::of(&[(char, char)]).into_hir(self.ignore_case, false)
    }

    fn repeated(&mut self, part: Hir) -> Result<Hir> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                match self.counts() {
                    Some(counts) => {
                        // As below: the last character is taken there.
                        self.at -= 1;
                        counts
                    }
                    None => {
                        self.at -= 1;
                        return Ok(part);
                    }
                }
            }
            _ => return Ok(part),
        };
        self.at += 1;
        if max.is_some_and(|max| max < min) {
            return invalid("numbers out of order in {}");
        }
        let greedy = !self.accept("?");
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return invalid("nothing to repeat");
        }
        Ok(Hir::repetition(Repetition { min, max, greedy, sub: Box::new(part) }))
    }

    /// `n}`, `n,}` or `n,m}`, after the brace; anything else is no quantifier and is not taken.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let start = self.at;
        let counts = self.try_counts();
        if counts.is_none() {
            self.at = start;
        }
        counts
    }

    fn try_counts(&mut self) -> Option<(u32, Option<u32>)> {
        let min = self.digits()?;
        let max = if self.accept(",") {
            if self.peek() == Some('}') { None } else { Some(self.digits()?) }
        } else {
            Some(min)
        };
        self.accept("}").then_some((min, max))
    }

    /// A number; too large ones are as large as can be, which the size of the automaton refuses.
    fn digits(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(10)) {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            self.at += 1;
        }
        number
    }

    fn group(&mut self) -> Result<Hir> {
        if self.accept("?=") || self.accept("?!") {
            return unsupported("lookahead");
        }
        if self.accept("?<=") || self.accept("?<!") {
            return unsupported("lookbehind");
        }
        let captures = !self.accept("?:");
        if captures && self.accept("?") {
            if !self.accept("<") {
                return invalid("an unknown kind of group");
            }
            while let Some(next) = self.next() {
                match next {
                    '>' => break,
                    '_' | '$' => {}
                    _ if next.is_alphanumeric() => {}
                    _ => return invalid("a group with a wrong name"),
                }
            }
        }
        let index = self.captures + 1;
        self.captures += u32::from(captures);
        let inner = self.alternatives()?;
        if !self.accept(")") {
            return invalid("a group is not closed");
        }
        Ok(if captures { Hir::capture(Capture { index, name: None, sub: Box::new(inner) }) } else { inner })
    }

    /// What follows a backslash, outside of a set.
    fn escape(&mut self) -> Result<Hir> {
        match self.peek() {
            Some(digit @ '1'..='9') => {
                let start = self.at;
                let number = self.digits().unwrap_or(0);
                if number <= self.groups {
                    return unsupported("back-references");
                }
                self.at = start;
                if digit >= '8' {
                    self.at += 1;
                    return Ok(self.one(digit));
                }
            }
            Some('k') if self.chars.get(self.at + 1) == Some(&'<') => return unsupported("back-references"),
            None => return invalid("a backslash at the end"),
            _ => {}
        }
        Ok(match self.escaped() {
            Member::One(char) => self.one(char),
            Member::Many(set) => set.into_hir(self.ignore_case, false),
        })
    }

    /// What an escape stands for, inside of a set or outside.
    fn escaped(&mut self) -> Member {
        let Some(next) = self.next() else { return Member::One('\\') };
        if let Some(set) = Set::lettered(next) {
            return Member::Many(set);
        }
        Member::One(match next {
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '0'..='7' => {
                let mut code = next.to_digit(8).unwrap_or(0);
                while let Some(digit) = self.peek().and_then(|next| next.to_digit(8))
                    && code < 32
                {
                    code = code * 8 + digit;
                    self.at += 1;
                }
                char::from_u32(code).unwrap_or_default()
            }
            'c' => match self.peek() {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    self.at += 1;
                    char::from_u32(u32::from(letter) % 32).unwrap_or_default()
                }
                _ => {
                    self.at -= 1;
                    '\\'
                }
            },
            'x' => self.hex(2).and_then(char::from_u32).unwrap_or('x'),
            'u' => self.hex(4).map_or('u', |unit| self.pair(unit)),
            other => other,
        })
    }

    fn hex(&mut self, length: usize) -> Option<u32> {
        let digits = self.chars.get(self.at..self.at + length)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + digit.to_digit(16)?;
        }
        self.at += length;
        Some(code)
    }

    /// Joins two escaped halves of one character.
    fn pair(&mut self, first: u32) -> char {
        let start = self.at;
        if (0xd800..0xdc00).contains(&first) && self.accept("\\u") {
            match self.hex(4) {
                Some(second @ 0xdc00..0xe000) => {
                    return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                        .unwrap_or('\u{fffd}');
                }
                _ => self.at = start,
            }
        }
        char::from_u32(first).unwrap_or('\u{fffd}')
    }

    /// A set, after its bracket.
    fn set(&mut self) -> Result<Hir> {
        let negated = self.accept("^");
        let mut set = Set::new();
        loop {
            let Some(next) = self.next() else { return invalid("a set is not closed") };
            if next == ']' {
                return Ok(set.into_hir(self.ignore_case, negated));
            }
            let first = self.member(next)?;
            let ranged = self.peek() == Some('-') && !matches!(self.chars.get(self.at + 1), Some(']') | None);
            if !ranged {
                add(&mut set, first);
                continue;
            }
            self.at += 1;
            let Some(next) = self.next() else { return invalid("a set is not closed") };
            match (first, self.member(next)?) {
                (Member::One(first), Member::One(last)) if first <= last => set.add_range(first, last),
                (Member::One(_), Member::One(_)) => return invalid("a range is out of order"),
                (first, last) => {
                    add(&mut set, first);
                    add(&mut set, last);
                    add(&mut set, Member::One('-'));
                }
            }
        }
    }

    fn member(&mut self, next: char) -> Result<Member> {
        match next {
            '\\' if self.peek().is_none() => invalid("a backslash at the end"),
            '\\' if self.accept("b") => Ok(Member::One('\u{8}')),
            '\\' => Ok(self.escaped()),
            _ => Ok(Member::One(next)),
        }
    }
}

fn add(set: &mut Set, member: Member) {
    match member {
        Member::One(char) => set.add_range(char, char),
        Member::Many(other) => set.add(&other),
    }
}
