//! Signatures of functions: `<s-nn?:s>`.
//!
//! A signature is a small regular expression over the letters of the arguments' types. Parameters are matched greedily
//! and in order, with memory for what failed, so that many optional ones cost no more than their product.

use crate::error::{Fault, Result};
use crate::value::Value;

/// Parameters that are looked at: the text of an expression can name many more.
const PARAMETERS_MAX: usize = 64;

/// What a function takes.
#[derive(Debug, Default)]
pub(crate) struct Signature {
    parameters: Vec<Parameter>,
    /// Every parameter is simple: none takes many, none is taken as late as possible.
    plain: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "quantifiers, which can be combined")]
#[derive(Debug, Clone, Default)]
struct Parameter {
    /// The letters it takes; a bit for each.
    letters: u32,
    is_array: bool,
    /// The letter of the items, and the whole text between the brackets.
    items: Option<String>,
    /// The letters that the context may have, to stand for a missing argument.
    context: Option<u32>,
    optional: bool,
    many: bool,
    lazy: bool,
}

fn bit(letter: u8) -> u32 {
    1_u32.checked_shl(u32::from(letter.wrapping_sub(b'a'))).unwrap_or(0)
}

fn bits(letters: &str) -> u32 {
    letters.bytes().fold(0, |bits, letter| bits | bit(letter))
}

impl Signature {
    /// Reads a signature with its angle brackets.
    ///
    /// # Errors
    ///
    /// The fault, and where in the text it is.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, (Box<Fault>, u32)> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let bytes = text.as_bytes();
        let mut at = 1;
        let offset = |at: usize| u32::try_from(at).unwrap_or(0);
        while let Some(letter) = bytes.get(at).copied().filter(|letter| *letter != b':') {
            let mut add = |letters: u32, is_array: bool| {
                parameters.push(Parameter { letters, is_array, ..Parameter::default() });
            };
            match letter {
                b's' | b'n' | b'b' | b'l' | b'o' => add(bit(letter) | bit(b'm'), false),
                b'a' => add(bits("asnblfom"), true),
                b'f' => add(bit(b'f'), false),
                b'j' => add(bits("asnblom"), false),
                b'x' => add(bits("asnblfom"), false),
                b'(' => {
                    let end = closing(bytes, at, b'(', b')');
                    let choice = text.get(at + 1..end).unwrap_or_default();
                    if choice.contains('<') {
                        return Err((Fault::new("S0402").value(Value::Text(choice)), offset(at)));
                    }
                    add(bits(choice) | bit(b'm'), false);
                    at = end;
                }
                b'<' => {
                    let end = closing(bytes, at, b'<', b'>');
                    let items = text.get(at + 1..end).unwrap_or_default().to_owned();
                    match parameters.last_mut() {
                        Some(last) if last.is_array => last.items = Some(items),
                        Some(last) if last.letters == bit(b'f') => {}
                        _ => return Err((Fault::new("S0401"), offset(at))),
                    }
                    at = end;
                }
                b'-' | b'?' | b'+' => {
                    if let Some(last) = parameters.last_mut() {
                        last.quantify(letter);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        parameters.truncate(PARAMETERS_MAX);
        let plain = parameters.iter().all(|parameter| !parameter.many && !parameter.lazy);
        Ok(Self { parameters, plain })
    }

    /// Checks arguments, puts the context in for a missing one, and makes arrays of what should be one.
    ///
    /// # Errors
    ///
    /// `T0410`, `T0411` and `T0412`, with the number of the argument.
    pub(crate) fn validate<'a>(
        &self,
        arguments: &[Value<'a>],
        context: Value<'a>,
        list: &dyn Fn(Value<'a>) -> Result<Value<'a>>,
    ) -> Result<Vec<Value<'a>>> {
        let Some(lengths) = self.lengths(arguments) else { return Err(self.mismatch(arguments)) };
        let mut out = Vec::with_capacity(self.parameters.len());
        let mut at = 0;
        for (parameter, length) in self.parameters.iter().zip(lengths) {
            if length == 0 {
                if let Some(letters) = parameter.context {
                    if letters & bit(context.symbol()) == 0 {
                        return Err(Fault::new("T0411").value(context).index(at + 1));
                    }
                    out.push(context);
                } else {
                    out.push(arguments.get(at).copied().unwrap_or(Value::Undefined));
                    at += 1;
                }
                continue;
            }
            for _ in 0..length {
                let argument = arguments.get(at).copied().unwrap_or(Value::Undefined);
                out.push(if parameter.is_array { parameter.array(argument, at, length, list)? } else { argument });
                at += 1;
            }
        }
        Ok(out)
    }

    /// How many arguments each parameter takes.
    fn lengths(&self, arguments: &[Value<'_>]) -> Option<Vec<usize>> {
        let takes = |parameter: &Parameter, argument: &Value<'_>| parameter.letters & bit(argument.symbol()) != 0;
        if self.plain && arguments.len() <= self.parameters.len() {
            let (given, missing) = self.parameters.split_at(arguments.len());
            if given.iter().zip(arguments).all(|(parameter, argument)| takes(parameter, argument))
                && missing.iter().all(|parameter| parameter.optional)
            {
                let mut lengths = vec![1; given.len()];
                lengths.resize(self.parameters.len(), 0);
                return Some(lengths);
            }
        }
        let symbols: Vec<u32> = arguments.iter().map(|argument| bit(argument.symbol())).collect();
        Matching::new(&self.parameters, &symbols, true).run()
    }

    /// Finds the argument that does not fit.
    fn mismatch(&self, arguments: &[Value<'_>]) -> Box<Fault> {
        let symbols: Vec<u32> = arguments.iter().map(|argument| bit(argument.symbol())).collect();
        let mut good = 0;
        for count in 1..=self.parameters.len() {
            let parameters = self.parameters.get(..count).unwrap_or_default();
            match Matching::new(parameters, &symbols, false).run() {
                Some(lengths) => good = lengths.iter().sum(),
                None => break,
            }
        }
        let value = arguments.get(good).copied().unwrap_or(Value::Undefined);
        Fault::new("T0410").value(value).index(good + 1)
    }
}

impl Parameter {
    fn quantify(&mut self, quantifier: u8) {
        match quantifier {
            b'-' => {
                self.context = Some(self.letters);
                self.optional = true;
            }
            b'?' if self.optional => self.lazy = true,
            b'?' => self.optional = true,
            _ => self.many = true,
        }
    }

    /// The argument as an array of the right items.
    fn array<'a>(
        &self,
        argument: Value<'a>,
        at: usize,
        length: usize,
        list: &dyn Fn(Value<'a>) -> Result<Value<'a>>,
    ) -> Result<Value<'a>> {
        if argument.is_undefined() {
            return Ok(argument);
        }
        let first = self.items.as_ref().and_then(|items| items.bytes().next());
        let fits = match (&self.items, argument.items()) {
            (None, _) => true,
            (Some(_), Some(items)) => items.iter().all(|item| Some(item.symbol()) == first),
            (Some(items), None) => length == 1 && items.len() == 1 && first == Some(argument.symbol()),
        };
        if !fits {
            let word = match first {
                Some(b'a') => "arrays",
                Some(b'b') => "booleans",
                Some(b'f') => "functions",
                Some(b'n') => "numbers",
                Some(b'o') => "objects",
                _ => "strings",
            };
            return Err(Fault::new("T0412").value(argument).index(at + 1).word(word));
        }
        if argument.is_array() { Ok(argument) } else { list(argument) }
    }
}

/// One match of parameters with the letters of arguments.
struct Matching<'m> {
    parameters: &'m [Parameter],
    symbols: &'m [u32],
    /// Whether all arguments must be taken.
    whole: bool,
    failed: Vec<bool>,
    lengths: Vec<usize>,
}

impl<'m> Matching<'m> {
    fn new(parameters: &'m [Parameter], symbols: &'m [u32], whole: bool) -> Self {
        let failed = vec![false; (parameters.len() + 1) * (symbols.len() + 1)];
        Self { parameters, symbols, whole, failed, lengths: Vec::new() }
    }

    fn run(mut self) -> Option<Vec<usize>> {
        self.from(0, 0).then_some(self.lengths)
    }

    fn from(&mut self, parameter: usize, at: usize) -> bool {
        let Some(next) = self.parameters.get(parameter) else { return !self.whole || at == self.symbols.len() };
        let place = parameter * (self.symbols.len() + 1) + at;
        if self.failed.get(place).copied().unwrap_or(true) {
            return false;
        }
        let rest = self.symbols.get(at..).unwrap_or_default();
        let fitting = rest.iter().take_while(|symbol| next.letters & **symbol != 0).count();
        let most = if next.many { fitting } else { fitting.min(1) };
        let least = usize::from(!next.optional);
        let mut lengths: Vec<usize> = (least..=most).rev().collect();
        if next.lazy {
            lengths.reverse();
        }
        for length in lengths {
            self.lengths.push(length);
            if self.from(parameter + 1, at + length) {
                return true;
            }
            self.lengths.pop();
        }
        if let Some(failed) = self.failed.get_mut(place) {
            *failed = true;
        }
        false
    }
}

/// Where the bracket that opens at `start` is closed; the end, if nowhere.
fn closing(bytes: &[u8], start: usize, open: u8, close: u8) -> usize {
    let mut depth = 1_u32;
    for (place, byte) in bytes.iter().enumerate().skip(start + 1) {
        if *byte == close {
            depth -= 1;
            if depth == 0 {
                return place;
            }
        } else if *byte == open {
            depth += 1;
        }
    }
    bytes.len()
}
