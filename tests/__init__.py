"""The tests: a folder for each room of the package; what several of them share lies here."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
