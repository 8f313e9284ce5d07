"""What is wrong with a prompt, before it is paid for. Pure: words in, findings out."""
