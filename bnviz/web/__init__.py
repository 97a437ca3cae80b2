"""The web side: routes, Streamlit pages, the player. Nothing here knows a lesson."""
