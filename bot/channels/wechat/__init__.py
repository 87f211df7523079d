"""WeChat Official Account (公众号): signed XML in, a passive reply within five seconds, customer-service messages for what comes later."""
