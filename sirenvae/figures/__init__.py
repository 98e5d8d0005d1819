"""Figures made from graphs and arrays. No Streamlit here."""
