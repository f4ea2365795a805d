"""lpvae: variational autoencoders with global and local priors, their costs in nats and bits, and their maps."""
