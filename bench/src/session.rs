//! A Zellij session as the plugin sees it.
