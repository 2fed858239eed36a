"""What Keras offers that plain values can build, derived from Keras itself."""
