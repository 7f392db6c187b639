//! From the parser's events to HTML.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde::{Deserialize, Serialize};

use crate::Refused;
use crate::address;
use crate::headings::{Heading, Ids};

/// Lists and quotes in one another.
pub(crate) const DEPTH_MAX: usize = 64;
/// Bytes of HTML.
pub(crate) const HTML_MAX: usize = 2 * 1024 * 1024;
/// Links that are listed.
const LINKS_MAX: usize = 1000;

/// What becomes of HTML in the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Raw {
    /// It is shown as it was written.
    #[default]
    Escape,
    /// It is left out.
    Drop,
}

/// What becomes of images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Images {
    /// They are shown.
    #[default]
    Keep,
    /// A link leads to them, so that reading tells nobody.
    Link,
    /// Their text is shown.
    Drop,
}

/// What links say to search engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Links {
    /// That whoever shows them does not vouch for them.
    #[default]
    Nofollow,
    /// Nothing.
    Follow,
}

/// Everything that can be chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) raw: Raw,
    pub(crate) images: Images,
    pub(crate) links: Links,
    pub(crate) heading_ids: bool,
}

/// A rendered text.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) html: String,
    pub(crate) headings: Vec<Heading>,
    /// Where its links and images lead, in their order, each once; 1,000 at most.
    pub(crate) links: Vec<String>,
    pub(crate) words: usize,
}

pub(crate) fn document(text: &str, manner: Manner) -> Result<Document, Refused> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES;
    let mut writer = Writer::new(manner);
    for event in Parser::new_ext(text, options) {
        writer.take(event)?;
    }
    let Writer { events, headings, links, words, .. } = writer;
    let mut html = String::with_capacity(text.len() * 2);
    html::push_html(&mut html, events.into_iter());
    if html.len() > HTML_MAX {
        return Err(Refused::TooLarge);
    }
    Ok(Document { html, headings, links, words })
}

/// Takes events in, and keeps those that may become HTML.
struct Writer<'a> {
    manner: Manner,
    events: Vec<Event<'a>>,
    headings: Vec<Heading>,
    ids: Ids,
    links: Vec<String>,
    words: usize,
    /// Lists, quotes and their like that are open.
    depth: usize,
    /// Where the open heading begins among the events, and what it has said so far.
    heading: Option<(usize, String)>,
    /// Whether each open link or image was opened in the HTML, and how it is closed.
    closes: Vec<Option<Event<'a>>>,
    /// Images that are shown, one in another: what is in them is their description, without tags.
    shown: usize,
    /// Bytes of text, to stop before the HTML is made.
    size: usize,
}

impl<'a> Writer<'a> {
    fn new(manner: Manner) -> Self {
        Self {
            manner,
            events: Vec::new(),
            headings: Vec::new(),
            ids: Ids::default(),
            links: Vec::new(),
            words: 0,
            depth: 0,
            heading: None,
            closes: Vec::new(),
            shown: 0,
            size: 0,
        }
    }

    fn take(&mut self, event: Event<'a>) -> Result<(), Refused> {
        match event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(Refused::TooDeep);
                }
                self.open(tag);
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                self.close(tag);
            }
            // HTML of the text, as text or not at all.
            Event::Html(html) | Event::InlineHtml(html) => {
                if self.manner.raw == Raw::Escape {
                    self.text(Event::Text(html.clone()), &html);
                }
            }
            Event::Text(ref text) | Event::Code(ref text) => {
                let words = text.clone();
                self.text(event, &words);
            }
            other => self.events.push(other),
        }
        if self.size > HTML_MAX { Err(Refused::TooLarge) } else { Ok(()) }
    }

    fn text(&mut self, event: Event<'a>, text: &str) {
        self.words += text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        self.size += text.len();
        if let Some((_, said)) = &mut self.heading {
            said.push_str(text);
        }
        self.events.push(event);
    }

    fn open(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::HtmlBlock => {}
            Tag::Heading { .. } => {
                self.heading = Some((self.events.len(), String::new()));
                self.events.push(Event::Start(tag));
            }
            Tag::Link { ref dest_url, .. } => {
                let destination = dest_url.clone();
                let event = (self.shown == 0 && self.leads_to(&destination)).then(|| self.link(&destination));
                self.closes.push(event.is_some().then(|| Event::InlineHtml("</a>".into())));
                self.events.extend(event);
            }
            Tag::Image { link_type, dest_url, title, id } => {
                let is_safe = self.leads_to(&dest_url);
                match self.manner.images {
                    Images::Keep if is_safe && self.shown == 0 => {
                        self.shown += 1;
                        self.closes.push(Some(Event::End(TagEnd::Image)));
                        self.events.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
                    }
                    Images::Link if is_safe && self.closes.iter().all(Option::is_none) => {
                        let link = self.link(&dest_url);
                        self.events.push(link);
                        self.closes.push(Some(Event::InlineHtml("</a>".into())));
                    }
                    _ => self.closes.push(None),
                }
            }
            tag => self.events.push(Event::Start(tag)),
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::HtmlBlock => {}
            TagEnd::Link | TagEnd::Image => {
                let close = self.closes.pop().flatten();
                if matches!(close, Some(Event::End(TagEnd::Image))) {
                    self.shown = self.shown.saturating_sub(1);
                }
                self.events.extend(close);
            }
            TagEnd::Heading(level) => {
                self.end_heading(level);
                self.events.push(Event::End(tag));
            }
            tag => self.events.push(Event::End(tag)),
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let Some((at, text)) = self.heading.take() else { return };
        let id = self.manner.heading_ids.then(|| self.ids.of(&text));
        let own = CowStr::from(id.clone().unwrap_or_default());
        let id_of_tag = id.is_some().then_some(own);
        if let Some(event) = self.events.get_mut(at) {
            *event = Event::Start(Tag::Heading { level, id: id_of_tag, classes: Vec::new(), attrs: Vec::new() });
        }
        self.headings.push(Heading { level: level as u8, id, text });
    }

    /// Whether an address is shown; it is listed then.
    fn leads_to(&mut self, destination: &str) -> bool {
        let is_safe = address::is_safe(destination);
        if is_safe && self.links.len() < LINKS_MAX && !self.links.iter().any(|known| known == destination) {
            self.links.push(destination.to_owned());
        }
        is_safe
    }

    /// The tag that begins a link.
    fn link(&mut self, destination: &str) -> Event<'a> {
        let mut tag = String::from("<a href=\"");
        // Writing to a text does not fail.
        let written = pulldown_cmark_escape::escape_href(&mut tag, destination);
        debug_assert!(written.is_ok());
        tag.push_str(match self.manner.links {
            Links::Nofollow => "\" rel=\"nofollow noopener noreferrer\">",
            Links::Follow => "\" rel=\"noopener\">",
        });
        self.size += tag.len();
        Event::InlineHtml(tag.into())
    }
}
