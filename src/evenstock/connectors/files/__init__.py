"""A folder of files, one per table of the dictionary: read strictly, written so that it reads back the same."""

from evenstock.connectors.files.problems import Problem
from evenstock.connectors.files.reading import Reading, read_folder, read_some, read_tables
from evenstock.connectors.files.sifting import Sifted, sift
from evenstock.connectors.files.writing import write_folder

__all__ = ["Problem", "Reading", "Sifted", "read_folder", "read_some", "read_tables", "sift", "write_folder"]
