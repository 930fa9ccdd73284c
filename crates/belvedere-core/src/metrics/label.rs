/// A label's value; made of what is written in the code, it costs nothing.
pub type LabelText = ::metrics::SharedString;

/// What may be the value of a label: `#[derive(Label)]` makes it of an enum, which is best, since there are no others then.
///
/// Texts may be, too: for what has few values that the code does not know, such as a product, and for `tenant_id`, which is
/// told for the busiest alone. Nothing that a caller makes up belongs into a label.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a label",
    note = "derive `Label` for an enum of the values there are"
)]
pub trait Label {
    /// As it stands in `/metrics`.
    fn label(&self) -> LabelText;
}

impl Label for str {
    fn label(&self) -> LabelText {
        LabelText::from_owned(self.to_owned())
    }
}

impl Label for String {
    fn label(&self) -> LabelText {
        self.as_str().label()
    }
}

impl<T: Label + ?Sized> Label for &T {
    fn label(&self) -> LabelText {
        (**self).label()
    }
}
