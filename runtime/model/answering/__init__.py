"""Replies of a model to requests, from its weights or from an endpoint, with a journal so that none is made twice."""
