"""asyncpg and aiomysql. See ../checks.ts for what is read of it."""
import asyncio, json, os, ssl, sys

client = sys.argv[1]
env = os.environ
sql = json.loads(env['MATRIX_SQL'])
place = dict(host=env['MATRIX_HOST'], port=int(env['MATRIX_PORT']), user=env['MATRIX_USER'])
token, handle = env['MATRIX_TOKEN'], env['MATRIX_HANDLE']
postgres = client == 'asyncpg'


def say(**line):
    print(json.dumps(line), flush=True)


async def check(name, body):
    try:
        say(check=name, value=str(await body()))
    except BaseException as error:
        say(check=name, error=f'{type(error).__name__}: {error}')


async def told():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def settings(password, verified=False):
    more = dict(host='localhost', ssl=ssl.create_default_context(cafile=env['MATRIX_CA'])) if verified else {}
    name = dict(database=env['MATRIX_DATABASE']) if postgres else dict(db=env['MATRIX_DATABASE'], autocommit=True, local_infile=True)
    return {**place, **name, 'password': password, **more}


async def connect(password=token, verified=False):
    if postgres:
        import asyncpg
        return await asyncpg.connect(timeout=30, **settings(password, verified))
    import aiomysql
    return await aiomysql.connect(connect_timeout=30, **settings(password, verified))


async def rows(connection, statement, *values):
    if postgres:
        return [list(row) for row in await connection.fetch(statement, *values)]
    async with connection.cursor() as cursor:
        await cursor.execute(statement, values or None)
        return [list(row) for row in await cursor.fetchall()]


def text(row):
    return '|'.join('NULL' if value is None else str(value) for value in row)


async def close(connection):
    if postgres:
        await connection.close()
    else:
        connection.close()


async def login(password=token, verified=False):
    connection = await connect(password, verified)
    value = text((await rows(connection, 'select 1'))[0])
    await close(connection)
    return value


async def wrong():
    try:
        await connect('lk_wrong')
    except Exception as error:
        # aiomysql says what the server said in the cause alone, which a traceback shows.
        return f'{error} {error.__cause__ or ""}'
    return 'let in'


async def main():
    await check('token', login)
    await check('handle', lambda: login(handle))
    await check('wrong', wrong)
    await check('verified', lambda: login(verified=True))
    shared = await connect()

    async def simple():
        return text((await rows(shared, sql['simple']))[0])

    async def prepared():
        statement = sql['prepared'].replace('{}', '$1' if postgres else '%s')
        return ','.join([text((await rows(shared, statement, value))[0]) for value in (41, 42)])

    async def error():
        try:
            await rows(shared, sql['wrong'])
            seen = 'none'
        except Exception as failure:
            seen = failure
        return f"{seen}|{text((await rows(shared, 'select 2'))[0])}"

    async def cancel():
        connection = await connect()
        running = asyncio.ensure_future(rows(connection, sql['long'].replace('CHECK', 'cancel')))
        await asyncio.sleep(0)
        say(running='cancel')
        await told()
        if postgres:
            running.cancel()
        else:
            await rows(await connect(), f'KILL QUERY {connection.thread_id()}')
        try:
            seen = await running
        except BaseException as failure:
            seen = f'{type(failure).__name__} {failure}'
        return f"{seen}|{text((await rows(connection, 'select 3'))[0])}"

    async def bulk():
        notes = [(number, f'note {number}') for number in range(2000)]
        if postgres:
            await shared.execute('create temporary table bulk (id int, note text)')
            await shared.copy_records_to_table('bulk', records=notes)
        else:
            file = os.path.join(env['MATRIX_FOLDER'], 'load.tsv')
            with open(file, 'w') as out:
                out.write(''.join(f'{number}\t{note}\n' for number, note in notes))
            async with shared.cursor() as cursor:
                await cursor.execute('create temporary table bulk (id int, note text)')
                await cursor.execute(f"load data local infile '{file}' into table bulk")
        return text((await rows(shared, 'select count(*) from bulk'))[0])

    async def metadata():
        if postgres:
            names = [each.name for each in (await shared.prepare('select * from matrix_items')).get_attributes()]
        else:
            async with shared.cursor() as cursor:
                await cursor.execute('select * from matrix_items')
                names = [each[0] for each in cursor.description]
        return f"{await rows(shared, sql['tables'])} {names}"

    async def cut():
        if postgres:
            import asyncpg
            pool = await asyncpg.create_pool(min_size=1, max_size=1, **settings(handle))
        else:
            import aiomysql
            pool = await aiomysql.create_pool(minsize=1, maxsize=1, **settings(handle))
        say(running='cut')
        try:
            async with pool.acquire() as connection:
                try:
                    seen = f"none {await rows(connection, sql['long'].replace('CHECK', 'cut'))}"
                finally:
                    # Its pool looks for the end of the connection only, which comes a moment after the server's last word.
                    while not (postgres or connection.closed or connection._reader.eof_received or connection._reader.exception()):
                        await asyncio.sleep(0.01)
        except Exception as failure:
            seen = failure
        async with pool.acquire() as connection:
            after = text((await rows(connection, 'select 4'))[0])
        return f'lost: {seen}|{after}'

    await check('simple', simple)
    await check('prepared', prepared)
    await check('error', error)
    await check('cancel', cancel)
    await check('bulk', bulk)
    await check('metadata', metadata)
    await check('cut', cut)


try:
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main())
except BaseException as error:
    say(fatal=f'{type(error).__name__}: {error}')
os._exit(0)
