"""The explorer: a Streamlit app over trained bundles of `lpvae`."""
