"""Training outside of the process that serves: plans, their queue, and the worker that trains. No Streamlit here."""
