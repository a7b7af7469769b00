"""What shipping costs, one term a file: `NAME` as the explanation shows it, and `term(offer)`."""
