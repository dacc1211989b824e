CREATE INDEX calls_tid ON calls (tid, idx);
CREATE INDEX calls_name ON calls (name);
CREATE INDEX signals_hsid ON signals (hsid);
CREATE INDEX handles_hsid ON handles (hsid);
CREATE INDEX events_kind ON events (kind);
