"""WeChat as the other side of the channel: its server that calls us (``peer``), its API that we call (``api``). Without wechatpy."""
