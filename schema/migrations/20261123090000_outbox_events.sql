-- +goose Up
-- One counter per lane gives the events of a terminal their order; the row lock it takes makes the order that of commit.
CREATE TABLE outbox_lanes (
  lane INTEGER PRIMARY KEY,
  last BIGINT NOT NULL
);

CREATE TABLE outbox_events (
  lane INTEGER NOT NULL,
  seq  BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (lane, seq)
);

INSERT INTO outbox_lanes (lane, last) VALUES
  (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0),
  (8, 0), (9, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (15, 0);
