//! Route templates of one release, compiled once into a tree of path segments.
//!
//! `/v1/rates/{country}` takes one segment where it says `{country}`, `/{*rest}` takes what is left. A literal segment
//! wins over a parameter, a parameter over a rest. Segments are compared as they were sent: an encoded letter is another
//! letter, so no spelling of a path slips past a plan's list of routes.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderValue, Method};

/// How many parameters a template may have.
const PARAMETERS_MAX: usize = 16;

/// Why a template cannot be compiled. The catalog checks them too; this is the last word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("the template {0:?} does not begin with a slash")]
    Relative(String),
    #[error("in the template {0:?} only the last segment may take the rest, and braces hold a whole segment")]
    Misplaced(String),
    #[error("the template {0:?} has more than {PARAMETERS_MAX} parameters")]
    TooManyParameters(String),
    #[error("the method {0:?} is not a method")]
    Method(String),
    #[error("the template {0:?} stands there twice for one method")]
    Twice(String),
}

/// Parameters of a matched path: name and decoded value, in the order of the template.
pub(crate) type Parameters = Vec<(Arc<str>, String)>;

/// What a path and a method lead to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The route with this index.
    Route(usize, Parameters),
    /// The path is known, with these methods alone.
    OtherMethods(HeaderValue),
    /// No template fits.
    Nothing,
}

/// All templates of a release.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    parameter: Option<Box<Node>>,
    /// Ends here, with nothing left.
    here: Option<Leaf>,
    /// Ends here, with any rest.
    rest: Option<Leaf>,
}

#[derive(Debug, Default)]
struct Leaf {
    any: Option<Target>,
    methods: Vec<(Method, Target)>,
}

#[derive(Debug, Clone)]
struct Target {
    route: usize,
    names: Arc<[Arc<str>]>,
}

impl Templates {
    /// Compiles `routes`: method (`*` for any) and template, in order.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] for the first that cannot stand.
    pub(crate) fn compile<'a>(routes: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, TemplateError> {
        let mut templates = Self::default();
        for (route, (method, template)) in routes.enumerate() {
            templates.add(route, method, template)?;
        }
        Ok(templates)
    }

    fn add(&mut self, route: usize, method: &str, template: &str) -> Result<(), TemplateError> {
        let path = template.strip_prefix('/').ok_or_else(|| TemplateError::Relative(template.to_owned()))?;
        let mut node = &mut self.root;
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut rest = false;
        for segment in path.split('/') {
            if rest {
                return Err(TemplateError::Misplaced(template.to_owned()));
            }
            match segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
                Some(name) => {
                    rest = name.starts_with('*');
                    names.push(Arc::from(name.trim_start_matches('*')));
                    if !rest {
                        node = node.parameter.get_or_insert_default();
                    }
                }
                None if segment.contains(['{', '}']) => return Err(TemplateError::Misplaced(template.to_owned())),
                None => node = node.literals.entry(segment.into()).or_default(),
            }
        }
        if names.len() > PARAMETERS_MAX {
            return Err(TemplateError::TooManyParameters(template.to_owned()));
        }
        let leaf = if rest { &mut node.rest } else { &mut node.here };
        let target = Target { route, names: names.into() };
        if leaf.get_or_insert_default().add(method, target)? {
            Ok(())
        } else {
            Err(TemplateError::Twice(template.to_owned()))
        }
    }

    /// Finds the route for `path`, which begins with a slash, and `method`.
    ///
    /// `HEAD` is served by a route for `GET` where none of its own exists.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Match {
        let mut search = Search { method, values: Vec::new(), refused: None };
        let found = search.walk(&self.root, path.strip_prefix('/').unwrap_or(path));
        match (found, search.refused) {
            (Some(target), _) => {
                let values = search.values.iter().map(|value| decode(value));
                Match::Route(target.route, target.names.iter().cloned().zip(values).collect())
            }
            (None, Some(leaf)) => Match::OtherMethods(leaf.allow()),
            (None, None) => Match::Nothing,
        }
    }
}

impl Leaf {
    /// Adds a method; false when it was there already.
    fn add(&mut self, method: &str, target: Target) -> Result<bool, TemplateError> {
        if method == "*" {
            return Ok(self.any.replace(target).is_none());
        }
        let method: Method = method.parse().map_err(|_| TemplateError::Method(method.to_owned()))?;
        let fresh = self.methods.iter().all(|(known, _)| *known != method);
        self.methods.push((method, target));
        Ok(fresh)
    }

    fn target(&self, method: &Method) -> Option<&Target> {
        let of = |wanted: &Method| self.methods.iter().find(|(known, _)| known == wanted).map(|(_, target)| target);
        of(method).or_else(|| if *method == Method::HEAD { of(&Method::GET) } else { None }).or(self.any.as_ref())
    }

    fn allow(&self) -> HeaderValue {
        let mut names: Vec<&str> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("GET"))
    }
}

/// One walk down the tree. It visits each node at most once, since a node lies at one depth: paths come from anyone, and
/// none costs more than there are templates.
struct Search<'a> {
    method: &'a Method,
    values: Vec<&'a str>,
    refused: Option<&'a Leaf>,
}

impl<'a> Search<'a> {
    fn walk(&mut self, node: &'a Node, path: &'a str) -> Option<&'a Target> {
        let (segment, left) = match path.split_once('/') {
            Some((segment, left)) => (segment, Some(left)),
            None => (path, None),
        };
        if let Some(next) = node.literals.get(segment)
            && let Some(target) = self.descend(next, left)
        {
            return Some(target);
        }
        if let Some(next) = &node.parameter
            && !segment.is_empty()
        {
            self.values.push(segment);
            if let Some(target) = self.descend(next, left) {
                return Some(target);
            }
            self.values.pop();
        }
        let leaf = node.rest.as_ref()?;
        self.values.push(path);
        let target = self.end(leaf);
        if target.is_none() {
            self.values.pop();
        }
        target
    }

    fn descend(&mut self, node: &'a Node, left: Option<&'a str>) -> Option<&'a Target> {
        match left {
            Some(left) => self.walk(node, left),
            None => node.here.as_ref().and_then(|leaf| self.end(leaf)),
        }
    }

    fn end(&mut self, leaf: &'a Leaf) -> Option<&'a Target> {
        let target = leaf.target(self.method);
        if target.is_none() {
            self.refused = self.refused.or(Some(leaf));
        }
        target
    }
}

/// Undoes percent-encoding. What is not valid, or would not be UTF-8, stays as it was sent.
fn decode(value: &str) -> String {
    if !value.contains('%') {
        return value.to_owned();
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = (first == b'%').then(|| after.get(..2)).flatten();
        match pair.and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates() -> Templates {
        Templates::compile(
            [
                ("GET", "/v1/rates/{country}"),
                ("GET", "/v1/rates/all"),
                ("POST", "/v1/rates/all"),
                ("*", "/files/{*rest}"),
                ("GET", "/"),
                ("GET", "/v1/{kind}/{id}/log"),
            ]
            .into_iter(),
        )
        .unwrap()
    }

    fn route(method: &Method, path: &str) -> (usize, Vec<String>) {
        match templates().find(method, path) {
            Match::Route(route, parameters) => (route, parameters.into_iter().map(|(_, value)| value).collect()),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn a_literal_wins_over_a_parameter_and_a_parameter_is_decoded() {
        assert_eq!(route(&Method::GET, "/v1/rates/all"), (1, vec![]));
        assert_eq!(route(&Method::GET, "/v1/rates/D%45"), (0, vec!["DE".to_owned()]));
        assert_eq!(route(&Method::GET, "/v1/rates/7/log"), (5, vec!["rates".to_owned(), "7".to_owned()]));
        assert_eq!(route(&Method::GET, "/"), (4, vec![]));
    }

    #[test]
    fn a_rest_takes_slashes_and_any_method() {
        assert_eq!(route(&Method::PATCH, "/files/a/b%2Fc/"), (3, vec!["a/b/c/".to_owned()]));
        assert_eq!(route(&Method::GET, "/files/"), (3, vec![String::new()]));
    }

    #[test]
    fn a_known_path_with_another_method_says_which_it_takes() {
        let Match::OtherMethods(allow) = templates().find(&Method::DELETE, "/v1/rates/all") else { panic!("found") };
        assert_eq!(allow, "GET, POST, HEAD");
        assert_eq!(route(&Method::HEAD, "/v1/rates/all").0, 1);
    }

    #[test]
    fn another_spelling_of_a_literal_is_another_path() {
        for path in ["/v1/r%61tes/all", "/v1//rates/all", "/V1/rates/all", "/v1/rates/", "/v1/rates", "/v1/rates/DE/"] {
            assert_eq!(templates().find(&Method::GET, path), Match::Nothing, "{path}");
        }
    }

    #[test]
    fn templates_that_cannot_stand_are_refused() {
        let refuse = |method, template| Templates::compile([(method, template)].into_iter()).unwrap_err();
        assert_eq!(refuse("GET", "v1"), TemplateError::Relative("v1".into()));
        assert_eq!(refuse("GET", "/{*rest}/x"), TemplateError::Misplaced("/{*rest}/x".into()));
        assert_eq!(refuse("GET", "/a{b}"), TemplateError::Misplaced("/a{b}".into()));
        assert_eq!(refuse("GE T", "/a"), TemplateError::Method("GE T".into()));
        let twice = Templates::compile([("GET", "/{a}"), ("GET", "/{b}")].into_iter()).unwrap_err();
        assert_eq!(twice, TemplateError::Twice("/{b}".into()));
    }
}
