//! What is right is rendered; what is hostile comes out as text.

use serde_json::{Value, json};
use weir_sdk::Context;

use super::*;

fn ask(path: &str, body: impl Into<Vec<u8>>) -> Result<Response, Failure> {
    handle(&Context::default(), &Request::post(path, body))
}

fn html_with(query: &str, text: &str) -> String {
    String::from_utf8(ask(&format!("/v1/html?{query}"), text).unwrap().body).unwrap()
}

fn html_of(text: &str) -> String {
    html_with("", text)
}

fn document_of(body: &Value) -> Value {
    serde_json::from_slice(&ask("/v1/documents", body.to_string()).unwrap().body).unwrap()
}

#[test]
fn examples_of_commonmark_come_out_as_its_specification_shows() {
    // Examples 13, 62, 107, 228, 328, 350, 482 and 633 of CommonMark 0.31.
    for (text, html) in [
        ("***\n---\n___\n", "<hr />\n<hr />\n<hr />\n"),
        ("    a simple\n      indented code block\n", "<pre><code>a simple\n  indented code block\n</code></pre>\n"),
        ("> # Foo\n> bar\n> baz\n", "<blockquote>\n<h1>Foo</h1>\n<p>bar\nbaz</p>\n</blockquote>\n"),
        ("`foo`\n", "<p><code>foo</code></p>\n"),
        ("*foo bar*\n", "<p><em>foo bar</em></p>\n"),
        ("foo  \nbaz\n", "<p>foo<br />\nbaz</p>\n"),
        ("1.  a\n2.  b\n", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
    ] {
        assert_eq!(html_with("heading_ids=false", text), html, "{text}");
    }
}

#[test]
fn tables_tasks_footnotes_and_strikethrough_are_rendered() {
    let html = html_of("| a | b |\n|---|:-:|\n| 1 | ~~2~~ |\n\n- [x] done\n\nSee[^1].\n\n[^1]: There.\n");
    for part in ["<table>", "text-align: center", "<del>2</del>", "checked=\"\"", "footnote-definition", "There."] {
        assert!(html.contains(part), "no {part} in {html}");
    }
}

/// Every tag of the HTML, from `<` to `>`. Text has none of its own: both signs are escaped in it.
fn tags(html: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        tags.push(&rest[start + 1..end]);
        rest = &rest[end + 1..];
    }
    tags
}

/// Tags that Markdown makes.
const KNOWN: &str = "a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr img input li ol p pre strong sup table tbody td \
                     th thead tr ul";
/// Their attributes.
const ATTRIBUTES: &str = "href rel src alt title id class style start disabled type checked";

fn assert_safe(html: &str) {
    for tag in tags(html) {
        let mut parts = tag.trim_start_matches('/').trim_end_matches('/').splitn(2, [' ', '\n']);
        let name = parts.next().unwrap();
        assert!(KNOWN.split_whitespace().any(|known| known == name), "<{tag}> in {html}");
        // Values stand in double quotes, which are escaped within them.
        for (at, part) in parts.next().unwrap_or_default().split('"').enumerate() {
            if at % 2 == 0 {
                let name = part.trim().trim_end_matches('=');
                assert!(name.is_empty() || ATTRIBUTES.split(' ').any(|known| known == name), "{name:?} in <{tag}>");
            } else {
                let value = part.replace("&#x3A;", ":").to_lowercase();
                assert!(address::is_safe(&value) || !value.contains("script"), "{value:?} in <{tag}>");
            }
        }
    }
}

#[test]
fn hostile_texts_come_out_without_anything_that_runs() {
    let hostile = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick='x()'>b</b> <svg/onload=alert(1)>",
        "<div\n\nonclick=x>\n</div>",
        "<!-- --><iframe src=javascript:alert(1)>",
        "<![CDATA[<script>x</script>]]> <?php echo 1 ?>",
        "[a](javascript:alert(1))",
        "[a](JAVASCRIPT:alert(1) 'b')",
        "[a](java&#x0A;script:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](<javascript:alert(1)>)",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "![a](javascript:alert(1))",
        "![\"onerror=alert(1)](x \"y\\\" onload=alert(1)\")",
        "![a](https://x.example/\"onerror=\"alert(1))",
        "[a](https://x.example/\"onclick=\"alert(1))",
        "[a][1]\n\n[1]: javascript:alert(1) \"b\"",
        "<javascript:alert(1)>",
        "<https://x.example/\"onclick=\"x>",
        "# a {#b onclick=x}\n# <script>",
        "```\"><script>alert(1)</script>\nx\n```",
        "~~~ a\"onclick=x\n~~~",
        "| <script> |\n|---|\n| <img src=x onerror=x> |",
        "[^<script>]\n\n[^<script>]: <script>x</script>",
        "[^\"onclick=x]\n\n[^\"onclick=x]: y",
        "![![a](javascript:x)](javascript:y)",
        "[![a](x)](javascript:y)",
        "[a [b](javascript:x) c](https://x.example)",
        "\u{0}<script>\u{0}",
        "&lt;script&gt; &#60;script&#62;",
    ];
    for text in hostile {
        for query in ["", "raw=drop", "images=link", "images=drop&links=follow", "heading_ids=false"] {
            assert_safe(&html_with(query, text));
        }
    }
    assert_safe(&html_of(&hostile.join("\n\n")));
}

#[test]
fn raw_html_is_shown_or_left_out() {
    assert_eq!(html_of("a <b>c</b>"), "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n");
    assert_eq!(html_with("raw=drop", "a <b>c</b>"), "<p>a c</p>\n");
    assert_eq!(html_with("raw=drop", "<script>x</script>\n"), "");
}

#[test]
fn links_and_images_are_as_they_were_asked_for() {
    let link = "[a&b](https://x.example/?a=1&b=2)";
    assert_eq!(
        html_of(link),
        "<p><a href=\"https://x.example/?a=1&amp;b=2\" rel=\"nofollow noopener noreferrer\">a&amp;b</a></p>\n"
    );
    assert!(html_with("links=follow", link).contains("rel=\"noopener\""));
    assert_eq!(html_of("[a](javascript:x)"), "<p>a</p>\n");
    assert_eq!(html_of("![a *b*](c.png)"), "<p><img src=\"c.png\" alt=\"a b\" /></p>\n");
    assert!(html_with("images=link", "![a](c.png)").contains("<a href=\"c.png\""));
    assert_eq!(html_with("images=drop", "![a](c.png)"), "<p>a</p>\n");
}

#[test]
fn a_document_tells_its_headings_its_links_and_its_words() {
    let text =
        "# Über *uns*\n\nFive words, and a [link](/x) — here.\n\n## Über uns\n\n[again](/x) <https://y.example>\n";
    let document = document_of(&json!({ "markdown": text }));
    assert_eq!(
        document["headings"],
        json!([
            { "level": 1, "id": "md-über-uns", "text": "Über uns" },
            { "level": 2, "id": "md-über-uns-2", "text": "Über uns" },
        ])
    );
    assert_eq!(document["links"], json!(["/x", "https://y.example"]));
    assert_eq!(document["words"], 12);
    assert!(document["html"].as_str().unwrap().contains("<h1 id=\"md-über-uns\">Über <em>uns</em></h1>"));
    let bare = document_of(&json!({ "markdown": "# A", "heading_ids": false }));
    assert_eq!(bare["headings"], json!([{ "level": 1, "text": "A" }]));
}

#[test]
fn what_would_be_too_much_is_refused() {
    let code = |text: String| ask("/v1/html", text).map_err(|failure| (failure.status(), failure.code().to_owned()));
    assert_eq!(code("a".repeat(256 * 1024 + 1)), Err((413, "too-long".into())));
    assert_eq!(code("> ".repeat(100) + "a"), Err((422, "too-deep".into())));
    assert!(code("> ".repeat(30) + "a").is_ok());
    let failure = ask("/v1/html", vec![0xff]).unwrap_err();
    assert_eq!((failure.status(), failure.code()), (400, "not-text"));
    assert_eq!(ask("/v1/html?raw=keep", "a").unwrap_err().errors()[0].pointer, "/query/raw");
    assert_eq!(ask("/v1/documents", "{\"text\":1}").unwrap_err().errors()[0].pointer, "/text");
}

#[test]
fn texts_that_slow_a_parser_down_are_read_to_their_end() {
    for part in ["[", "![", "**a ", "`", "<", "[a](", "- ", "a\n===\n", "|a|\n|-|\n", "\\", "*_", "[^1]", "&#"] {
        let text = part.repeat(200 * 1024 / part.len());
        match ask("/v1/html", text) {
            Ok(answer) => assert_safe(std::str::from_utf8(&answer.body).unwrap()),
            Err(failure) => assert_eq!(failure.status(), 422, "{part}"),
        }
    }
}
