//! Reads the text of a path.

use std::sync::Arc;

use super::filter::Filter;
use super::function::Function;
use super::{Path, PathError, Root, Step};

/// How deep filters, their brackets and the paths in them may be nested.
const DEPTH_MAX: usize = 16;

/// Reads a whole path, from `$`.
pub(super) fn path(text: &str) -> Result<Path, PathError> {
    if !text.starts_with('$') {
        return Err(malformed("a path starts with '$'"));
    }
    let mut reader = Reader { rest: text, depth: 0 };
    let path = reader.path()?;
    if reader.rest.is_empty() { Ok(path) } else { Err(malformed("'.' or '[' is missing")) }
}

pub(super) fn malformed(why: &str) -> PathError {
    PathError(why.to_owned())
}

/// What is left to be read.
pub(super) struct Reader<'t> {
    pub(super) rest: &'t str,
    /// 0 outside of filters.
    pub(super) depth: usize,
}

impl Reader<'_> {
    /// Steps over `token`, if it is next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), PathError> {
        if self.eat(token) { Ok(()) } else { Err(malformed(&format!("'{token}' is missing"))) }
    }

    pub(super) fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Goes one level down in filters, for as long as `read` takes.
    pub(super) fn inside<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, PathError>) -> Result<T, PathError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(malformed("its filters are nested too deep"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// A path from `$`, or from `@` inside of a filter.
    pub(super) fn path(&mut self) -> Result<Path, PathError> {
        let whole = self.rest;
        let root = self.root()?;
        let (steps, function) = self.steps()?;
        let text = whole.get(..whole.len() - self.rest.len()).unwrap_or(whole);
        Ok(Path::new(text, root, steps, function))
    }

    fn root(&mut self) -> Result<Root, PathError> {
        if self.depth > 0 && self.eat("@") {
            return Ok(Root::Current);
        }
        self.expect("$")?;
        if self.eat("$") {
            return Ok(Root::Context);
        }
        let end = self.rest.find(|character| !is_name_part(character)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        match name {
            "" => Ok(Root::Document),
            name if is_variable_name(name) => Ok(Root::Variable(name.into())),
            _ => Err(malformed("'.' or '[' must follow the root")),
        }
    }

    fn steps(&mut self) -> Result<(Vec<Step>, Option<Function>), PathError> {
        let mut steps = Vec::new();
        loop {
            if self.rest.starts_with('[') {
                steps.push(self.bracket()?);
            } else if self.eat("..") {
                steps.push(Step::Descend);
                match self.rest.chars().next() {
                    Some('[') => steps.push(self.bracket()?),
                    Some('*') => steps.push(self.every()),
                    _ => steps.push(Step::Name(self.name()?)),
                }
            } else if self.eat(".") {
                match self.rest.chars().next() {
                    Some('[') => steps.push(self.bracket()?),
                    Some('*') => steps.push(self.every()),
                    _ => {
                        let name = self.name()?;
                        if self.eat("(") {
                            self.skip_spaces();
                            self.expect(")")?;
                            let function = Function::named(&name).ok_or_else(|| {
                                malformed("its function must be length(), min(), max(), sum() or avg()")
                            })?;
                            return Ok((steps, Some(function)));
                        }
                        steps.push(Step::Name(name));
                    }
                }
            } else {
                return Ok((steps, None));
            }
        }
    }

    fn every(&mut self) -> Step {
        self.eat("*");
        Step::Every
    }

    /// A name after a dot. A backslash takes the character after it as it is.
    fn name(&mut self) -> Result<Box<str>, PathError> {
        let mut name = String::new();
        let mut end = self.rest.len();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, escaped)) => name.push(escaped),
                    None => return Err(malformed("a backslash escapes nothing")),
                },
                stop if self.ends_name(stop) => {
                    end = at;
                    break;
                }
                ']' | ')' | '*' | '?' | '@' | ',' | ':' | '\'' | '"' => {
                    return Err(malformed("a name with an operator in it needs brackets and quotes"));
                }
                plain if plain.is_whitespace() || plain.is_control() => {
                    return Err(malformed("a name with a space in it needs brackets and quotes"));
                }
                plain => name.push(plain),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        if name.is_empty() { Err(malformed("a name is missing")) } else { Ok(name.into()) }
    }

    /// Inside of a filter a name ends where an operator begins, too.
    fn ends_name(&self, character: char) -> bool {
        matches!(character, '.' | '[' | '(')
            || (self.depth > 0
                && (matches!(character, ')' | ']' | ',' | '=' | '!' | '<' | '>' | '&' | '|')
                    || character.is_whitespace()))
    }

    fn bracket(&mut self) -> Result<Step, PathError> {
        self.expect("[")?;
        self.skip_spaces();
        let step = match self.rest.chars().next() {
            Some('\'' | '"') => self.names()?,
            Some('?') => {
                self.eat("?");
                self.inside(|reader| Filter::read(reader).map(|filter| Step::Filter(Arc::new(filter))))?
            }
            Some('*') => self.every(),
            Some('(') => return Err(malformed("a script expression is not allowed")),
            _ => self.indexes()?,
        };
        self.skip_spaces();
        self.expect("]")?;
        Ok(step)
    }

    fn names(&mut self) -> Result<Step, PathError> {
        let mut names = vec![self.quoted()?.into_boxed_str()];
        loop {
            self.skip_spaces();
            if !self.eat(",") {
                break;
            }
            self.skip_spaces();
            names.push(self.quoted()?.into());
        }
        Ok(if names.len() == 1 { Step::Name(names.remove(0)) } else { Step::Names(names.into()) })
    }

    /// Text in single or double quotes. A backslash takes the character after it as it is.
    pub(super) fn quoted(&mut self) -> Result<String, PathError> {
        let quote = self.rest.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let quote = quote.ok_or_else(|| malformed("a quote is missing"))?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                end if end == quote => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(text);
                }
                plain => text.push(plain),
            }
        }
        Err(malformed("a quote is not closed"))
    }

    fn indexes(&mut self) -> Result<Step, PathError> {
        let end = self.rest.find(']').ok_or_else(|| malformed("']' is missing"))?;
        let (body, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        let whole = |text: &str| text.trim_ascii().parse().map_err(|_| malformed("an index must be a whole number"));
        let bound = |text: Option<&str>| match text.map(str::trim_ascii) {
            None | Some("") => Ok(None),
            Some(text) => whole(text).map(Some),
        };
        if body.contains(':') {
            let mut parts = body.splitn(3, ':');
            let (start, end) = (bound(parts.next())?, bound(parts.next())?);
            return match bound(parts.next())?.unwrap_or(1) {
                0 => Err(malformed("the step of a slice must not be 0")),
                step => Ok(Step::Slice { start, end, step }),
            };
        }
        let mut indexes = body.split(',').map(whole).collect::<Result<Vec<i64>, _>>()?;
        Ok(match indexes.len() {
            1 => Step::Index(indexes.remove(0)),
            _ => Step::Indexes(indexes.into()),
        })
    }
}

impl Path {
    fn new(text: &str, root: Root, mut steps: Vec<Step>, function: Option<Function>) -> Self {
        let names = |steps: &[Step], names: &[&str]| {
            steps.len() >= names.len()
                && steps.iter().zip(names).all(|(step, name)| matches!(step, Step::Name(known) if **known == **name))
        };
        let root = match root {
            Root::Context if names(&steps, &["Execution", "Input"]) => {
                steps.drain(..2);
                Root::Input
            }
            Root::Context if names(&steps, &["Map", "Item", "Value"]) => {
                steps.drain(..3);
                Root::Item
            }
            // What ends above these two, or may look into them, needs them in their places.
            Root::Context if takes_parts(&steps) => Root::WholeContext,
            root => root,
        };
        let definite = steps.iter().take_while(|step| matches!(step, Step::Name(_) | Step::Index(_))).count();
        Self { text: text.into(), root, steps: steps.into(), definite, function }
    }
}

/// Whether a path into the context object may meet the parts of it that are kept elsewhere.
fn takes_parts(steps: &[Step]) -> bool {
    let name = |place: usize| match steps.get(place) {
        Some(Step::Name(name)) => Some(&**name),
        _ => None,
    };
    match (name(0), name(1), name(2)) {
        (Some("Execution"), Some(_), _) => false,
        (Some("Map"), Some("Item"), Some(_)) => false,
        (Some("Execution" | "Map") | None, _, _) => true,
        (Some(_), _, _) => false,
    }
}

fn is_name_part(character: char) -> bool {
    character == '_' || unicode_ident::is_xid_continue(character)
}

/// Whether `name` can be the name of a variable.
pub fn is_variable_name(name: &str) -> bool {
    /// Longest name, in characters.
    const CHARACTERS_MAX: usize = 80;
    let mut characters = name.chars();
    let begins = characters.next().is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first));
    begins && characters.all(is_name_part) && name.chars().count() <= CHARACTERS_MAX
}
