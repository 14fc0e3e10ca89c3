use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// A writer to a table of unique numbers.
fn writer(folder: &Path) -> Writer {
    let path = folder.join("a.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").unwrap();
    // The file claims the newest schema, so that it is not migrated.
    let version = migrations::MIGRATIONS.len() as u32;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
    Writer::new(&path)
}

fn add(number: i64) -> impl Fn(&Connection) -> Result<(), StoreError> {
    move |connection| {
        connection.execute("INSERT INTO numbers VALUES (?1)", [number]).map(drop).map_err(super::super::taken)
    }
}

fn numbers(folder: &Path) -> Vec<i64> {
    let other = Connection::open(folder.join("a.db")).unwrap();
    let mut query = other.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

type Work = Box<dyn Fn(&Connection) -> Result<(), StoreError> + Send>;

/// Runs these works in one group: the first keeps the lock until all others wait for it.
fn group(writer: &Writer, works: Vec<Work>) -> Vec<thread::Result<Result<(), StoreError>>> {
    let others = works.len() - 1;
    let (arrived, arrival) = mpsc::channel();
    thread::scope(|scope| {
        let mut works = works.into_iter();
        let first = works.next().unwrap();
        let first = scope.spawn(move || {
            writer.write(|connection| {
                let is_alone = arrived.send(()).is_err();
                let since = Instant::now();
                // When it runs a second time, alone, nobody is queued.
                while !is_alone && writer.queued.load(Ordering::SeqCst) < others {
                    assert!(since.elapsed() < Duration::from_secs(10), "the others are not queued");
                    thread::yield_now();
                }
                first(connection)
            })
        });
        arrival.recv().unwrap();
        drop(arrival);
        let others: Vec<_> = works.map(|work| scope.spawn(move || writer.write(work))).collect();
        std::iter::once(first).chain(others).map(|thread| thread.join()).collect()
    })
}

#[test]
fn concurrent_writes_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let (seen, commits) = mpsc::channel();
    writer
        .with(|connection| {
            connection.commit_hook(Some(move || seen.send(()).is_err())).unwrap();
            Ok(())
        })
        .unwrap();
    let works = (0..8).map(|number| Box::new(add(number)) as Work).collect();
    assert!(group(&writer, works).into_iter().all(|done| done.unwrap().is_ok()));
    assert_eq!(numbers(folder.path()), (0..8).collect::<Vec<_>>());
    assert_eq!(commits.try_iter().count(), 1);
}

#[test]
fn error_or_panic_of_one_write_does_not_affect_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    writer.write(add(3)).unwrap();
    let halfway = |connection: &Connection| {
        add(100)(connection)?;
        add(3)(connection)
    };
    let panics = |connection: &Connection| {
        add(101)(connection)?;
        panic!("its own")
    };
    let works: Vec<Work> = vec![Box::new(add(1)), Box::new(halfway), Box::new(panics), Box::new(add(2))];
    let done = group(&writer, works);
    assert!(matches!(done[0], Ok(Ok(()))) && matches!(done[3], Ok(Ok(()))));
    assert!(matches!(done[1], Ok(Err(StoreError::Taken))), "{:?}", done[1]);
    assert!(done[2].is_err());
    assert_eq!(numbers(folder.path()), [1, 2, 3], "nothing of the failed writes");
    writer.write(add(4)).unwrap();
}

/// SQLite may roll the whole transaction back because of one write.
#[test]
fn writes_of_a_transaction_rolled_back_by_another_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let rolls_back = |connection: &Connection| -> Result<(), StoreError> {
        connection.execute_batch("ROLLBACK").map_err(cause)?;
        Err(StoreError::Unavailable("its own".into()))
    };
    let works: Vec<Work> = vec![Box::new(add(1)), Box::new(rolls_back), Box::new(add(2))];
    let done = group(&writer, works);
    assert!(matches!(done[0], Ok(Ok(()))) && matches!(done[2], Ok(Ok(()))), "{done:?}");
    assert!(matches!(done[1], Ok(Err(StoreError::Unavailable(_)))));
    assert_eq!(numbers(folder.path()), [1, 2]);
}

#[test]
fn failed_commit_is_retried_for_each_write() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    // This connection refuses every commit. The writer opens another one after that.
    let refuse = |connection: &mut Connection| {
        connection.commit_hook(Some(|| true)).unwrap();
        Ok(())
    };
    writer.with(refuse).unwrap();
    let works = (0..4).map(|number| Box::new(add(number)) as Work).collect();
    assert!(group(&writer, works).into_iter().all(|done| done.unwrap().is_ok()), "each was retried alone");
    assert_eq!(numbers(folder.path()), [0, 1, 2, 3]);
}

#[test]
fn many_concurrent_writes_are_each_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for number in 0..16 {
            let (writer, start) = (&writer, &start);
            scope.spawn(move || {
                start.wait();
                (0..50).for_each(|round| writer.write(add(100 * number + round)).unwrap());
            });
        }
    });
    assert_eq!(numbers(folder.path()).len(), 16 * 50);
}
