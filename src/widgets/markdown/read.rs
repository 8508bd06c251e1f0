//! From markdown's events to blocks. Knows CloudWatch's `[button:Text](url)`; knows no width and no colour.

use pulldown_cmark::{Alignment, Event, Options, Parser, Tag, TagEnd};

use super::{Block, Bullet, Destination, Face, Grid, Kind, Markdown, Piece};

/// Rows of a text beyond this are not read: no widget shows them.
const MAX_BLOCKS: usize = 2_000;

/// Reads a text. Whatever it is, something comes of it.
pub fn parse(text: &str) -> Markdown {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        reader.take(event);
        if reader.out.blocks.len() >= MAX_BLOCKS {
            break;
        }
    }
    reader.end_block();
    reader.out
}

/// What a block being read will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Open {
    #[default]
    Paragraph,
    Heading(u8),
    Code,
}

#[derive(Default)]
struct Reader {
    out: Markdown,
    open: Open,
    pieces: Vec<Piece>,
    /// One for each list and quote around, with the number of its next item.
    around: Vec<Around>,
    /// Stands before the next block.
    bullet: Option<Bullet>,
    strong: usize,
    link: Option<usize>,
    image: usize,
    table: Option<Grid>,
}

#[derive(Debug, Clone, Copy)]
enum Around {
    List(Option<u64>),
    Quote,
}

impl Reader {
    fn take(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.image > 0 => self.piece(&text, Face::Dim),
            Event::Text(text) => self.piece(&text, if self.strong > 0 { Face::Strong } else { Face::Plain }),
            Event::Code(text) => self.piece(&text, Face::Code),
            Event::Html(text) | Event::InlineHtml(text) => self.piece(&text, Face::Dim),
            Event::SoftBreak => self.piece(" ", Face::Plain),
            Event::HardBreak => self.piece("\n", Face::Plain),
            Event::Rule => {
                self.end_block();
                self.block(Kind::Rule);
            }
            Event::TaskListMarker(done) => self.piece(if done { "[x] " } else { "[ ] " }, Face::Plain),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.piece(&text, Face::Plain);
            }
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.end_block(),
            Tag::Heading { level, .. } => {
                self.end_block();
                self.open = Open::Heading(level as u8);
            }
            Tag::CodeBlock(_) => {
                self.end_block();
                self.open = Open::Code;
            }
            Tag::BlockQuote(_) => {
                self.end_block();
                self.around.push(Around::Quote);
            }
            Tag::List(first) => {
                self.end_block();
                self.around.push(Around::List(first));
            }
            Tag::Item => {
                self.end_block();
                self.bullet = Some(match self.around.last_mut() {
                    Some(Around::List(Some(number))) => {
                        *number += 1;
                        Bullet::Number(*number - 1)
                    }
                    _ => Bullet::Dot,
                });
            }
            Tag::Table(columns) => {
                self.end_block();
                let right = columns.iter().map(|side| *side == Alignment::Right).collect();
                self.table = Some(Grid { right, rows: Vec::new() });
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::Strong => self.strong += 1,
            Tag::Link { dest_url, .. } => {
                self.link = Some(self.out.links.len());
                self.out.links.push(Destination { url: dest_url.into_string(), text: String::new() });
            }
            Tag::Image { .. } => self.image += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::HtmlBlock => {
                self.end_block();
            }
            TagEnd::Item => {
                self.end_block();
                // An empty item still has its bullet.
                if self.bullet.is_some() {
                    self.block(Kind::Paragraph(Vec::new()));
                }
            }
            TagEnd::List(_) | TagEnd::BlockQuote(_) => {
                self.end_block();
                self.around.pop();
            }
            TagEnd::TableCell => {
                let pieces = std::mem::take(&mut self.pieces);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(pieces);
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.block(Kind::Table(table));
                }
            }
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Image => self.image = self.image.saturating_sub(1),
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    /// A link without words shows its address; a button is cut loose from its marker.
    fn end_link(&mut self) {
        let Some(index) = self.link else { return };
        let of_link = |piece: &Piece| piece.link == Some(index);
        let words: String = self.pieces.iter().filter(|p| of_link(p)).map(|piece| &*piece.text).collect();
        let Some(destination) = self.out.links.get_mut(index) else { return };
        if words.trim().is_empty() {
            destination.text.clone_from(&destination.url);
            let text = destination.url.clone();
            self.pieces.retain(|piece| !of_link(piece));
            self.pieces.push(Piece { text, face: Face::Plain, link: Some(index) });
        } else if let Some(label) = words.strip_prefix("button:") {
            let label = label.strip_prefix("primary:").unwrap_or(label).trim();
            label.clone_into(&mut destination.text);
            self.pieces.retain(|piece| !of_link(piece));
            // Kept together, so that no button is torn at the end of a row.
            let text = format!("[\u{a0}{}\u{a0}]", label.replace(' ', "\u{a0}"));
            self.pieces.push(Piece { text, face: Face::Strong, link: Some(index) });
        } else {
            destination.text = words;
        }
        self.link = None;
    }

    fn piece(&mut self, text: &str, face: Face) {
        self.pieces.push(Piece { text: text.to_owned(), face, link: self.link });
    }

    fn end_block(&mut self) {
        let open = std::mem::take(&mut self.open);
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return;
        }
        self.block(match open {
            Open::Paragraph => Kind::Paragraph(pieces),
            Open::Heading(level) => Kind::Heading(level, pieces),
            Open::Code => {
                let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
                Kind::Code(text.trim_end_matches('\n').lines().map(str::to_owned).collect())
            }
        });
    }

    fn block(&mut self, kind: Kind) {
        let quoted = matches!(self.around.last(), Some(Around::Quote)).then_some(Bullet::Quote);
        let bullet = self.bullet.take().or(quoted);
        self.out.blocks.push(Block { kind, depth: self.around.len().min(8) as u16, bullet });
    }
}
