"""The figures. A member says `NAME`, `TITLE`, `DEFINITION`, `SOURCE`, `UNIT`, and gives `rows` and `scale`; see `..figure`."""
