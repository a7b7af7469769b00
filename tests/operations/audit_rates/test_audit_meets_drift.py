"""What an audit hears is read by the same comparison as invoices."""

from tests.freight.conftest import frames
from tests.operations.audit_rates.test_audit_rates import TODAY, Carrier, asked

from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates import as_invoices
from evenstock.operations.rates.quote_invoices import quote_invoices


def test_quotes_pass_through_the_comparison_of_invoices():
    book = RateBook.from_frames(**frames())
    invoices, sent = as_invoices(asked(book, Carrier(book, {"residential": 24})))

    held = quote_invoices(invoices, sent, book, as_of=TODAY)

    assert held.left_out.is_empty()
    both = held.bills.join(held.quotes, on=["parcel", "charge"])
    off = {(row["charge"], row["cents"] - row["quoted"]) for row in both.iter_rows(named=True)}
    assert off == {("base", 0), ("fuel", 0), ("residential", 24), ("delivery_area", 0)}
