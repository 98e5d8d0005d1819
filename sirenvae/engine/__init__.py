"""Training steps of replicated models, as fast as the machine allows; the models stay the readable reference."""
