-- Takes everything with it: for a developer's machine.
DROP TABLE job_schedules;
DROP TABLE jobs;
