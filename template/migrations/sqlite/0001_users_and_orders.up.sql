-- Users sign up once for each tenant.
CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    tenant_id  TEXT NOT NULL,
    email      TEXT NOT NULL,
    source     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT users_tenant_email UNIQUE (tenant_id, email)
);

-- What can be ordered. `stock` is taken down before a payment and given back when that fails.
CREATE TABLE products (
    name        TEXT PRIMARY KEY,
    price_cents BIGINT NOT NULL CHECK (price_cents >= 0),
    stock       BIGINT NOT NULL CHECK (stock >= 0)
);

-- Ids are UUIDv7: their order is that of time, which the list reads by.
CREATE TABLE orders (
    id          TEXT PRIMARY KEY,
    tenant_id   TEXT NOT NULL,
    product     TEXT NOT NULL REFERENCES products (name),
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    total_cents BIGINT NOT NULL CHECK (total_cents >= 0),
    created_at  TEXT NOT NULL
);

CREATE INDEX orders_tenant_id ON orders (tenant_id, id);

-- A sample assortment: enough of one, little of another, an expensive third.
INSERT INTO products (name, price_cents, stock)
VALUES ('espresso', 250, 1000000), ('geisha', 2400, 3), ('machine', 90000, 1000);
