"""What we cannot see: rules that could never fire, because nobody sends what they need."""
