"""The only room with SQL. One file per table: functions `fn(conn, ...)` that neither begin nor commit."""
