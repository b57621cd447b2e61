"""What products are like: values their titles name, and values predicted from their pictures.

A build calls it. It knows vectors, titles and the vocabulary; it changes no merchant's field.
"""
