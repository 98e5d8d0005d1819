"""What the pages share: the network picker and the pictures to step and click. The only room with Streamlit."""
