"""What groklens claims of speed and memory, each claim runnable against plain TransformerLens."""
