<?php
// PHP's extensions: pgsql, mysqli, and PDO with pgsql, mysql and dblib. See ../checks.ts for what is read of it.
[, $client] = $argv;
$sql = json_decode(getenv('MATRIX_SQL'), true);
[$port, $user, $database, $token, $handle, $ca] = array_map(fn ($name) => getenv("MATRIX_$name"), ['PORT', 'USER', 'DATABASE', 'TOKEN', 'HANDLE', 'CA']);
error_reporting(0);
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
class Cannot extends Exception {}

function say(array $line): void { echo json_encode($line, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), "\n"; flush(); }
function check(string $name, callable $body): void {
    try { say(['check' => $name, 'value' => (string) $body()]); }
    catch (Cannot $cannot) { say(['check' => $name, 'cannot' => $cannot->getMessage()]); }
    catch (Throwable $error) { say(['check' => $name, 'error' => $error->getMessage()]); }
}
function attempt(callable $body): string {
    try { return 'none ' . $body(); } catch (Throwable $error) { return $error->getMessage(); }
}
function text(?array $row): string { return implode('|', array_map(fn ($value) => $value ?? 'NULL', $row ?? [])); }

/** One of the three ways: opens, asks and prepares. */
function open(string $password, bool $verified = false) {
    global $client, $port, $user, $database, $ca;
    $host = $verified ? 'localhost' : '127.0.0.1';
    $tls = $verified ? " sslmode=verify-full sslrootcert=$ca" : '';
    if ($client === 'pgsql') {
        set_error_handler(function ($level, $message) { throw new Exception($message); });
        try {
            return pg_connect("host=$host port=$port dbname=$database user=" . addcslashes($user, " '\\") . " password=$password$tls", PGSQL_CONNECT_FORCE_NEW);
        } finally { restore_error_handler(); }
    }
    if ($client === 'mysqli') {
        $link = mysqli_init();
        $link->options(MYSQLI_OPT_LOCAL_INFILE, 1);
        if ($verified) $link->ssl_set(null, null, $ca, null, null);
        $link->real_connect($verified ? '127.0.0.1' : $host, $user, $password, $database, (int) $port, null, $verified ? MYSQLI_CLIENT_SSL : 0);
        $link->set_charset('utf8mb4');
        return $link;
    }
    $options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false];
    if ($client === 'PDO pgsql') return new PDO("pgsql:host=$host;port=$port;dbname=$database" . str_replace(' ', ';', $tls), $user, $password, $options);
    if ($client === 'PDO mysql') {
        $options[PDO::MYSQL_ATTR_LOCAL_INFILE] = true;
        if ($verified) $options[PDO::MYSQL_ATTR_SSL_CA] = $ca;
        return new PDO("mysql:host=127.0.0.1;port=$port;dbname=$database;charset=utf8mb4", $user, $password, $options);
    }
    if ($verified) throw new Cannot('its authority is named in freetds.conf alone');
    return new PDO("dblib:host=$host:$port;dbname=$database;charset=UTF-8", $user, $password, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}
function row($link, string $statement): array {
    if ($link instanceof PDO) return $link->query($statement)->fetch(PDO::FETCH_NUM) ?: [];
    if ($link instanceof mysqli) { $result = $link->query($statement); return $result === true ? [] : $result->fetch_row(); }
    $result = pg_query($link, $statement);
    if ($result === false) throw new Exception(pg_last_error($link));
    return pg_fetch_row($result) ?: [];
}
function run($link, string $statement): void { $link instanceof PDO ? $link->exec($statement) : row($link, $statement); }
function login(string $password, bool $verified = false): string { return text(row(open($password, $verified), 'select 1')); }

check('token', fn () => login($token));
check('handle', fn () => login($handle));
check('wrong', fn () => attempt(fn () => login('lk_wrong')));
check('verified', fn () => login($token, true));
try { $link = open($token); } catch (Throwable $error) { say(['fatal' => $error->getMessage()]); exit; }
check('simple', fn () => text(row($link, $sql['simple'])));
check('prepared', function () use ($link, $sql, $client) {
    if ($client === 'pgsql') {
        pg_prepare($link, 'sum', str_replace('{}', '$1', $sql['prepared']));
        return implode(',', array_map(fn ($value) => text(pg_fetch_row(pg_execute($link, 'sum', [$value]))), [41, 42]));
    }
    $statement = $link->prepare(str_replace('{}', '?', $sql['prepared']));
    return implode(',', array_map(function ($value) use ($statement) {
        if ($statement instanceof mysqli_stmt) { $statement->bind_param('i', $value); $statement->execute(); return text($statement->get_result()->fetch_row()); }
        $statement->execute([$value]);
        $found = text($statement->fetch(PDO::FETCH_NUM));
        $statement->closeCursor();
        return $found;
    }, [41, 42]));
});
check('error', fn () => attempt(fn () => text(row($link, $sql['wrong']))) . '|' . text(row($link, 'select 2')));
check('cancel', function () use ($link, $sql, $client, $token) {
    $statement = str_replace('CHECK', 'cancel', $sql['long']);
    if ($client === 'pgsql') {
        pg_send_query($link, $statement);
        say(['running' => 'cancel']); fgets(STDIN);
        pg_cancel_query($link);
        return 'cancelled|' . text(row($link, 'select 3'));
    }
    if ($client !== 'mysqli') throw new Cannot('it has no call for it');
    $link->query($statement, MYSQLI_ASYNC);
    say(['running' => 'cancel']); fgets(STDIN);
    open($token)->query("KILL QUERY {$link->thread_id}");
    $seen = attempt(fn () => text($link->reap_async_query()->fetch_row()));
    return "$seen|" . text(row($link, 'select 3'));
});
check('bulk', function () use ($link, $sql, $client) {
    if ($sql['protocol'] === 'sqlserver') return count($link->query('select * from numbers(2000)')->fetchAll());
    run($link, 'create temporary table bulk (id int, note varchar(40))');
    $lines = array_map(fn ($id) => "$id\tnote $id\n", range(1, 2000));
    if ($client === 'pgsql') pg_copy_from($link, 'bulk', $lines);
    elseif ($client === 'PDO pgsql') $link->pgsqlCopyFromArray('bulk', $lines);
    else {
        $file = getenv('MATRIX_FOLDER') . '/load.tsv';
        file_put_contents($file, implode('', $lines));
        run($link, "load data local infile '$file' into table bulk");
    }
    return text(row($link, 'select count(*) from bulk'));
});
check('metadata', function () use ($link, $sql, $client) {
    if ($sql['protocol'] === 'sqlserver') throw new Cannot('the stand-in has no catalog');
    if ($client === 'pgsql') return 'matrix_items ' . implode(' ', array_keys(pg_meta_data($link, 'matrix_items')));
    if ($client === 'mysqli') return implode(' ', array_map(fn ($field) => "$field->orgtable.$field->name", $link->query('select * from matrix_items')->fetch_fields()));
    $statement = $link->query('select * from matrix_items');
    $described = fn ($index) => ($statement->getColumnMeta($index)['table'] ?? '') . '.' . $statement->getColumnMeta($index)['name'];
    return implode(' ', array_map($described, range(0, $statement->columnCount() - 1)));
});
check('cut', function () use ($sql, $handle) {
    $link = open($handle);
    say(['running' => 'cut']);
    $seen = attempt(fn () => text(row($link, str_replace('CHECK', 'cut', $sql['long']))));
    $alive = attempt(fn () => text(row($link, 'select 4'))) === 'none 4';
    return ($alive ? 'kept' : 'lost') . " $seen|" . text(row(open($handle), 'select 4'));
});
