"""Everything that touches Streamlit: the navigation frame, widgets from the table of fields, links, presets."""
