-- Takes everything with it: for a developer's machine.
DROP TABLE orders;
DROP TABLE products;
DROP TABLE users;
