"""Python's DB-API modules: one table of what differs, one list of checks. See ../checks.ts for what is read of it."""
import importlib, io, json, os, sys, threading

client = sys.argv[1]
env = os.environ
sql = json.loads(env['MATRIX_SQL'])
host, port, user, database = env['MATRIX_HOST'], int(env['MATRIX_PORT']), env['MATRIX_USER'], env['MATRIX_DATABASE']
token, handle, ca = env['MATRIX_TOKEN'], env['MATRIX_HANDLE'], env['MATRIX_CA']


class Cannot(Exception):
    """The client has no such thing."""


def say(**line):
    print(json.dumps(line), flush=True)


def check(name, body):
    try:
        say(check=name, value=str(body()))
    except Cannot as reason:
        say(check=name, cannot=str(reason))
    except BaseException as error:
        say(check=name, error=f'{type(error).__name__}: {error}')


def odbc(driver):
    def connect(password, verified):
        place = dict(DRIVER=driver, SERVER='localhost' if verified else host, PORT=port, UID=user, PWD=password, DATABASE=database)
        if driver == 'PostgreSQL Unicode' and verified:
            place.update(SSLmode='verify-full', pqopt=f'{{sslrootcert={ca}}}')
        if driver == 'MariaDB Unicode' and verified:
            place.update(SSLCA=ca, SSLVERIFY=1)
        if driver == 'FreeTDS':
            place.update(TDS_Version='7.4', ClientCharset='UTF-8')
            if verified:
                raise Cannot('its authority is named in freetds.conf alone')
        return pyodbc.connect(';'.join(f'{key}={value}' for key, value in place.items()), timeout=30, autocommit=True)
    import pyodbc
    return connect


def opener():
    """connect(password, verified) of each module."""
    def libpq(module, **more):
        def connect(password, verified):
            tls = dict(sslmode='verify-full', sslrootcert=ca, host='localhost') if verified else dict(host=host)
            return module.connect(port=port, user=user, password=password, dbname=database, connect_timeout=30, **tls, **more)
        return connect

    def mysql(module, **names):
        def connect(password, verified):
            tls = dict(ssl={'ca': ca}, host='localhost') if verified else dict(host=host)
            if verified and client == 'mysqlclient':
                tls = dict(ssl={'ca': ca}, host='127.0.0.1')
            place = dict(port=port, user=user, password=password, database=database, charset='utf8mb4', connect_timeout=30)
            return module.connect(**{**place, **tls, **names})
        return connect

    def tds(module, name):
        def connect(password, verified):
            more = dict(dsn='localhost' if verified else host, login_timeout=30) if name == 'pytds' else dict(server=host, login_timeout=30)
            if verified:
                if name == 'pymssql':
                    raise Cannot('its authority is named in freetds.conf alone')
                more.update(cafile=ca, validate_host=True)
            return module.connect(port=port, user=user, password=password, database=database, autocommit=True, **more)
        return connect

    if client.startswith('pyodbc:'):
        return odbc(client[7:])
    if client == 'pg8000':
        import pg8000, ssl
        def connect(password, verified):
            tls = dict(ssl=dict(cert_reqs=ssl.CERT_REQUIRED, ca_certs=ca)) if verified else {}
            return pg8000.connect(host='localhost' if verified else host, port=port, user=user, password=password, database=database, timeout=60, **tls)
        return connect
    module = importlib.import_module({'mysqlclient': 'MySQLdb', 'PyMySQL': 'pymysql'}.get(client, client))
    if client.startswith('psycopg'):
        return libpq(module)
    if client == 'PyMySQL':
        return mysql(module, local_infile=True)
    if client == 'mysqlclient':
        return mysql(module, local_infile=1)
    return tds(module, client)


open_with = opener()


def connect(password=None, verified=False):
    connection = open_with(password or token, verified)
    try:
        connection.autocommit = True
    except Exception:
        connection.autocommit(True)
    return connection


def rows(connection, statement, values=None):
    cursor = connection.cursor()
    cursor.execute(statement, values) if values is not None else cursor.execute(statement)
    return [list(row) for row in cursor.fetchall()]


def text(row):
    return '|'.join('NULL' if value is None else str(value) for value in row)


def login(password=None, verified=False):
    connection = connect(password, verified)
    value = text(rows(connection, 'select 1')[0])
    connection.close()
    return value


def wrong():
    try:
        connect('lk_wrong')
    except Exception as error:
        return str(error)
    return 'let in'


def prepared():
    mark = '?' if client.startswith('pyodbc:') else '%d' if client == 'pymssql' else '%s'
    statement = sql['prepared'].replace('{}', mark)
    return ','.join(text(rows(shared, statement, (value,))[0]) for value in (41, 42))


def error():
    try:
        rows(shared, sql['wrong'])
        seen = 'none'
    except Exception as failure:
        seen = str(failure)
    return f"{seen}|{text(rows(shared, 'select 2')[0])}"


def long_statement(how, stop):
    """Runs the long statement; `stop` is called when the server has it under way."""
    connection = connect(handle if how == 'cut' else token)
    say(running=how)
    if stop is not None:
        def wait():
            sys.stdin.readline()
            stop(connection)
        threading.Thread(target=wait, daemon=True).start()
    try:
        seen = rows(connection, sql['long'].replace('CHECK', how))
    except Exception as failure:
        seen = failure
    return connection, seen


def cancel():
    def kill(number):
        return lambda: connect().cursor().execute(f'KILL QUERY {number}')

    def stop(connection):
        if client == 'PyMySQL':
            kill(connection.thread_id())()
        elif client == 'mysqlclient':
            kill(connection.thread_id())()
        else:
            connection.cancel()

    if client.startswith('pyodbc:'):
        return odbc_cancel()
    if client in ('pg8000', 'pymssql', 'pytds'):
        raise Cannot('it has no call for it')
    connection, seen = long_statement('cancel', stop)
    return f"{seen}|{text(rows(connection, 'select 3')[0])}"


def odbc_cancel():
    connection = connect()
    cursor = connection.cursor()
    say(running='cancel')
    def wait():
        sys.stdin.readline()
        cursor.cancel()
    threading.Thread(target=wait, daemon=True).start()
    try:
        cursor.execute(sql['long'].replace('CHECK', 'cancel'))
        seen = cursor.fetchall() if cursor.description else 'ended'
    except Exception as failure:
        seen = failure
    return f"{seen}|{text(rows(connection, 'select 3')[0])}"


def bulk():
    cursor = shared.cursor()
    if sql['protocol'] == 'sqlserver':
        return len(rows(shared, 'select * from numbers(2000)'))
    cursor.execute('create temporary table bulk (id int, note varchar(40))')
    lines = ''.join(f'{i}\tnote {i}\n' for i in range(2000))
    if client == 'psycopg2':
        cursor.copy_from(io.StringIO(lines), 'bulk')
    elif client == 'psycopg':
        with cursor.copy('copy bulk from stdin') as copy:
            copy.write(lines)
    elif client == 'pg8000':
        cursor.execute('copy bulk from stdin', stream=io.BytesIO(lines.encode()))
    elif client in ('PyMySQL', 'mysqlclient'):
        file = os.path.join(env['MATRIX_FOLDER'], 'load.tsv')
        with open(file, 'w') as out:
            out.write(lines)
        cursor.execute(f"load data local infile '{file}' into table bulk")
    else:
        cursor.executemany('insert into bulk values (?, ?)', [(i, f'note {i}') for i in range(2000)])
    return text(rows(shared, 'select count(*) from bulk')[0])


def metadata():
    if sql['protocol'] == 'sqlserver':
        raise Cannot('the stand-in has no catalog')
    if client.startswith('pyodbc:'):
        cursor = shared.cursor()
        tables = [row[2] for row in cursor.tables(table='matrix_items')]
        return f"{tables} {[row[3] for row in shared.cursor().columns(table='matrix_items')]}"
    if client == 'pg8000':
        cursor = shared.cursor()
        cursor.execute('select * from matrix_items')
        return f"matrix_items {[column[0] for column in cursor.description]}"
    cursor = shared.cursor()
    cursor.execute('select * from matrix_items')
    names = [column[0] for column in cursor.description]
    return f"{rows(shared, sql['tables'])} {names}"


def lost(connection, failure):
    """Whether a pool over this module (as SQLAlchemy's) would take the connection for lost."""
    if client.startswith('psycopg'):
        return connection.closed != 0
    if client in ('PyMySQL', 'mysqlclient'):
        return failure.args[0] in (2006, 2013, 2014, 2045, 2055, 4031) or not alive(connection)
    return not alive(connection)


def alive(connection):
    try:
        return rows(connection, 'select 4') != []
    except Exception:
        return False


def cut():
    connection, failure = long_statement('cut', None)
    known = isinstance(failure, Exception) and lost(connection, failure)
    return f"{'lost' if known else 'kept'}: {failure}|{text(rows(connect(handle), 'select 4')[0])}"


check('token', login)
check('handle', lambda: login(handle))
check('wrong', wrong)
check('verified', lambda: login(verified=True))
try:
    shared = connect()
    check('simple', lambda: text(rows(shared, sql['simple'])[0]))
    check('prepared', prepared)
    check('error', error)
    check('cancel', cancel)
    check('bulk', bulk)
    check('metadata', metadata)
    check('cut', cut)
except Exception as error:
    say(fatal=str(error))
os._exit(0)
