# Ruby: pg and mysql2. See ../checks.ts for what is read of it.
require 'json'
client = ARGV[0]
require client
SQL = JSON.parse(ENV['MATRIX_SQL'])
PORT, USER, DATABASE, TOKEN, HANDLE, CA = %w[PORT USER DATABASE TOKEN HANDLE CA].map { |name| ENV["MATRIX_#{name}"] }
PG_CLIENT = client == 'pg'
$stdout.sync = true
def say(line) = puts(JSON.generate(line))
def check(name)
  say(check: name, value: yield.to_s)
rescue StandardError => e
  say(check: name, error: "#{e.class}: #{e.message}")
end
def attempt
  "none #{yield}"
rescue StandardError => e
  e.message
end
def open(password, verified = false)
  if PG_CLIENT
    tls = verified ? { host: 'localhost', sslmode: 'verify-full', sslrootcert: CA } : { host: '127.0.0.1' }
    return PG.connect(port: PORT, user: USER, password: password, dbname: DATABASE, **tls)
  end
  tls = verified ? { sslca: CA, sslverify: true } : {}
  Mysql2::Client.new(host: '127.0.0.1', port: PORT.to_i, username: USER, password: password, database: DATABASE, local_infile: true, **tls)
end
def row(link, statement)
  found = PG_CLIENT ? link.exec(statement).values.first : link.query(statement, as: :array)&.first
  (found || []).map { |value| value.nil? ? 'NULL' : value }.join('|')
end
def login(password, verified = false)
  link = open(password, verified)
  row(link, 'select 1')
ensure
  link&.close
end
check('token') { login(TOKEN) }
check('handle') { login(HANDLE) }
check('wrong') { attempt { login('lk_wrong') } }
check('verified') { login(TOKEN, true) }
begin
  link = open(TOKEN)
rescue StandardError => e
  say(fatal: e.message)
  exit
end
check('simple') { row(link, SQL['simple']) }
check('prepared') do
  if PG_CLIENT
    link.prepare('sum', SQL['prepared'].sub('{}', '$1'))
    [41, 42].map { |value| link.exec_prepared('sum', [value]).values.first.first }.join(',')
  else
    prepared = link.prepare(SQL['prepared'].sub('{}', '?'))
    [41, 42].map { |value| prepared.execute(value, as: :array).first.first }.join(',')
  end
end
check('error') { "#{attempt { row(link, SQL['wrong']) }}|#{row(link, 'select 2')}" }
check('cancel') do
  statement = SQL['long'].sub('CHECK', 'cancel')
  if PG_CLIENT
    link.send_query(statement)
    say(running: 'cancel')
    $stdin.gets
    link.cancel
    seen = attempt { link.get_last_result }
  else
    link.query(statement, async: true)
    say(running: 'cancel')
    $stdin.gets
    open(TOKEN).query("KILL QUERY #{link.thread_id}")
    seen = attempt { link.async_result.first }
  end
  "#{seen}|#{row(link, 'select 3')}"
end
check('bulk') do
  row(link, 'create temporary table bulk (id int, note varchar(40))')
  lines = (1..2000).map { |id| "#{id}\tnote #{id}\n" }
  if PG_CLIENT
    link.copy_data('copy bulk from stdin') { lines.each { |line| link.put_copy_data(line) } }
  else
    file = "#{ENV['MATRIX_FOLDER']}/load.tsv"
    File.write(file, lines.join)
    link.query("load data local infile '#{file}' into table bulk")
  end
  row(link, 'select count(*) from bulk')
end
check('metadata') do
  fields = PG_CLIENT ? link.exec('select * from matrix_items').fields : link.query('select * from matrix_items').fields
  tables = PG_CLIENT ? link.exec(SQL['tables']).values : link.query(SQL['tables']).to_a
  "#{tables} #{fields}"
end
check('cut') do
  lost = open(HANDLE)
  say(running: 'cut')
  seen = attempt { row(lost, SQL['long'].sub('CHECK', 'cut')) }
  alive = PG_CLIENT ? lost.status == PG::CONNECTION_OK : lost.ping
  "#{alive ? 'kept' : 'lost'} #{seen}|#{row(open(HANDLE), 'select 4')}"
end
