CREATE INDEX open_calls ON call_rows (tid) WHERE add_seq IS NULL AND depth IS NOT NULL;
CREATE INDEX waits_of_object ON wait_rows (object);
CREATE INDEX signals_of_object ON signal_rows (object);
CREATE INDEX handles_of_object ON handle_rows (object);
CREATE INDEX events_of_kind ON event_rows (kind);
CREATE INDEX signal_sums_of_object ON signal_sums (object);
