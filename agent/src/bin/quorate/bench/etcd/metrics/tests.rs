use super::*;

#[test]
fn the_log_and_the_store_are_added() {
    let answer = "HTTP/1.0 200 OK\r\n\r\n# TYPE etcd_disk_wal_fsync_duration_seconds histogram\n\
        etcd_disk_wal_fsync_duration_seconds_sum 0.5\n\
        etcd_disk_wal_fsync_duration_seconds_count 12\n\
        etcd_disk_backend_commit_duration_seconds_count 30\n";
    assert_eq!(parse(answer), Some(42));
    assert_eq!(parse("etcd_disk_wal_fsync_duration_seconds_count 12\n"), None);
}
