import { existsSync } from 'node:fs';
import { type Part, program } from '../../support/parts.ts';

/** Clients of other languages, from Debian's packages, and the small programs that they run in tests. */
export const isql = program('isql', 'install the packages unixodbc and odbc-mariadb');
export const java = program('java', 'install the package openjdk-17-jre-headless');
export const javaDriver = file(
  '/usr/share/java/mariadb-java-client.jar',
  'install the package libmariadb-java',
);
/** Debian's own Python, which its modules are for, whatever else is in PATH. */
export const python: Part = {
  name: 'PyMySQL',
  path: existsSync('/usr/lib/python3/dist-packages/pymysql') ? '/usr/bin/python3' : undefined,
  remedy: 'install the package python3-pymysql',
};

function file(path: string, remedy: string): Part {
  return { name: path, path: existsSync(path) ? path : undefined, remedy };
}

export const pythonClient = `
import json, os, pymysql
c = pymysql.connect(host='127.0.0.1', port=int(os.environ['GATEWAY_PORT']), user='ann', password=os.environ['GATEWAY_TOKEN'],
    database='sales', charset='utf8mb4', local_infile=True, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
cur = c.cursor()
out = {}
cur.execute('select null, %s', ('ä',)); out['rows'] = [list(r) for r in cur.fetchall()]
cur.execute('select null, seq from seq_1_to_3000'); out['many'] = len(cur.fetchall())
cur.execute('select null; select 2')
sets = [[list(r) for r in cur.fetchall()]]
while cur.nextset(): sets.append([list(r) for r in cur.fetchall()])
out['sets'] = sets
try: cur.execute('select * from nothing_of_that_name')
except pymysql.err.ProgrammingError as e: out['error'] = [e.args[0], '42S02']
try: cur.execute("load data local infile '/etc/passwd' into table mysql.user")
except pymysql.err.Error as e: out['local'] = 'refused'
cur.execute('select 1'); cur.fetchall()
c.ping(); c.close()
print(json.dumps(out))
`;

export const javaClient = `
import java.sql.*;
public class Client {
  public static void main(String[] arguments) throws Exception {
    String url = "jdbc:mariadb://127.0.0.1:" + System.getenv("GATEWAY_PORT") + "/sales?useServerPrepStmts=true&useBulkStmts=true";
    try (Connection c = DriverManager.getConnection(url, "ann", System.getenv("GATEWAY_TOKEN")); Statement s = c.createStatement()) {
      PreparedStatement p = c.prepareStatement("select ? + 1");
      p.setInt(1, 41);
      try (ResultSet r = p.executeQuery()) { r.next(); System.out.println(r.getInt(1)); }
      try (Statement f = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
        f.setFetchSize(10);
        int n = 0;
        try (ResultSet r = f.executeQuery("select null, seq from seq_1_to_5000")) { while (r.next()) n++; }
        System.out.println(n);
      }
      s.execute("create temporary table batch (a int)");
      c.setAutoCommit(false);
      PreparedStatement b = c.prepareStatement("insert into batch values (?)");
      for (int i = 0; i < 100; i++) { b.setInt(1, i); b.addBatch(); }
      System.out.println(b.executeBatch().length);
      c.commit();
      try (ResultSet r = s.executeQuery("select sum(a) from batch")) { r.next(); System.out.println(r.getInt(1)); }
      try (ResultSet r = s.executeQuery("select null")) { r.next(); System.out.println(r.getString(1)); }
    }
  }
}
`;
