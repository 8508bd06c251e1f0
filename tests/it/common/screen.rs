//! A ratatui backend that the test can look at while the console draws on it, and that counts what a
//! terminal would have been sent.

use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Size};
use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

/// A screen in memory. Clones are the same screen.
#[derive(Clone)]
pub struct Screen(Rc<RefCell<Inner>>);

struct Inner {
    backend: TestBackend,
    writes: usize,
    meanwhile: Option<(String, Box<dyn FnOnce()>)>,
}

impl Screen {
    /// A blank screen.
    pub fn new((columns, rows): (u16, u16)) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            backend: TestBackend::new(columns, rows),
            writes: 0,
            meanwhile: None,
        })))
    }

    /// The rows, without the blanks at their ends.
    pub fn text(&self) -> String {
        let inner = self.0.borrow();
        let buffer = inner.backend.buffer();
        let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
        let row = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned();
        rows.map(row).collect::<Vec<_>>().join("\n")
    }

    /// What is shown, with styles.
    pub fn buffer(&self) -> Buffer {
        self.0.borrow().backend.buffer().clone()
    }

    /// How often anything was sent to the terminal.
    pub fn writes(&self) -> usize {
        self.0.borrow().writes
    }

    /// Does something once, while this text is being drawn for the first time from now on.
    pub fn while_drawing(&self, text: &str, act: impl FnOnce() + 'static) {
        self.0.borrow_mut().meanwhile = Some((text.to_owned(), Box::new(act)));
    }

    /// The terminal's new size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.0.borrow_mut().backend.resize(columns, rows);
    }

    fn write<T>(&self, what: impl FnOnce(&mut TestBackend) -> T) -> T {
        let mut inner = self.0.borrow_mut();
        inner.writes += 1;
        what(&mut inner.backend)
    }
}

impl Backend for Screen {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let drawn = self.write(|backend| backend.draw(content));
        let awaited = self.0.borrow().meanwhile.as_ref().map(|(text, _)| text.clone());
        if awaited.is_some_and(|text| self.text().contains(&text))
            && let Some((_, act)) = self.0.borrow_mut().meanwhile.take()
        {
            act();
        }
        drawn
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.write(TestBackend::hide_cursor)
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.write(TestBackend::show_cursor)
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        self.0.borrow_mut().backend.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.write(|backend| backend.set_cursor_position(position))
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.write(TestBackend::clear)
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Infallible> {
        self.write(|backend| backend.clear_region(region))
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.0.borrow().backend.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.0.borrow_mut().backend.window_size()
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.write(TestBackend::flush)
    }
}
