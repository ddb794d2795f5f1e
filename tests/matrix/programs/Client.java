// JDBC: PostgreSQL's, MariaDB's and jTDS. See ../checks.ts for what is read of it.
import java.io.*;
import java.nio.file.*;
import java.sql.*;
import java.util.*;
import java.util.concurrent.Callable;

public class Client {
  static final String kind = System.getenv("MATRIX_JDBC");
  static final Map<String, String> env = System.getenv();
  static final String token = env.get("MATRIX_TOKEN"), handle = env.get("MATRIX_HANDLE");
  static final BufferedReader input = new BufferedReader(new InputStreamReader(System.in));

  static String sql(String name) { return env.get("MATRIX_SQL_" + name.toUpperCase()); }

  static void say(String... pairs) {
    StringBuilder line = new StringBuilder("{");
    for (int i = 0; i < pairs.length; i += 2) {
      String value = pairs[i + 1].replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
      line.append(i > 0 ? "," : "").append('"').append(pairs[i]).append("\":\"").append(value).append('"');
    }
    System.out.println(line + "}");
  }

  static class Cannot extends Exception { Cannot(String reason) { super(reason); } }

  static void check(String name, Callable<String> body) {
    try { say("check", name, "value", body.call()); }
    catch (Cannot reason) { say("check", name, "cannot", reason.getMessage()); }
    catch (Throwable error) { say("check", name, "error", error.toString()); }
  }

  static Connection open(String password, boolean verified) throws Exception {
    String host = verified || kind.equals("jtds") ? "localhost" : "127.0.0.1";
    String place = host + ":" + env.get("MATRIX_PORT") + "/" + env.get("MATRIX_DATABASE");
    Properties more = new Properties();
    more.put("user", env.get("MATRIX_USER"));
    more.put("password", password);
    if (kind.equals("postgresql") && verified) { more.put("sslmode", "verify-full"); more.put("sslrootcert", env.get("MATRIX_CA")); }
    if (kind.equals("mariadb")) {
      more.put("allowLocalInfile", "true");
      more.put("useServerPrepStmts", "true");
      if (verified) { more.put("useSsl", "true"); more.put("serverSslCert", env.get("MATRIX_CA")); }
    }
    if (kind.equals("jtds")) {
      if (verified) throw new Cannot("it verifies by a store of Java alone");
      Class.forName("net.sourceforge.jtds.jdbc.Driver");
      return DriverManager.getConnection("jdbc:jtds:sqlserver://" + place, more);
    }
    return DriverManager.getConnection("jdbc:" + kind + "://" + place, more);
  }

  static String row(ResultSet result) throws SQLException {
    if (!result.next()) return "";
    StringJoiner text = new StringJoiner("|");
    for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
      String value = result.getString(i);
      text.add(value == null ? "NULL" : value);
    }
    return text.toString();
  }

  static String ask(Connection on, String statement) throws SQLException {
    try (Statement s = on.createStatement()) { return s.execute(statement) ? row(s.getResultSet()) : "ended"; }
  }

  static String attempt(Callable<String> body) {
    try { return "none " + body.call(); } catch (Exception error) { return error.toString(); }
  }

  /** jTDS drops a cancel that comes between its sending of the statement and its wait for the answer. */
  static void untilReading(Thread asking) throws InterruptedException {
    while (asking.isAlive() && Arrays.stream(asking.getStackTrace()).noneMatch(frame -> frame.getMethodName().equals("socketRead0") || frame.getClassName().startsWith("sun.nio.ch.NioSocketImpl")))
      Thread.sleep(5);
  }

  static String login(String password, boolean verified) throws Exception {
    try (Connection c = open(password, verified)) { return ask(c, "select 1"); }
  }

  static String bulk(Connection c) throws Exception {
    if (kind.equals("jtds")) {
      int count = 0;
      try (ResultSet r = c.createStatement().executeQuery("select * from numbers(2000)")) { while (r.next()) count++; }
      return "" + count;
    }
    ask(c, "create temporary table bulk (id int, note varchar(40))");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 2000; i++) lines.append(i).append("\tnote ").append(i).append('\n');
    if (kind.equals("postgresql")) {
      Class<?> type = Class.forName("org.postgresql.copy.CopyManager");
      Object copy = type.getConstructor(Class.forName("org.postgresql.core.BaseConnection")).newInstance(c);
      type.getMethod("copyIn", String.class, Reader.class).invoke(copy, "copy bulk from stdin", new StringReader(lines.toString()));
    } else {
      Path file = Path.of(env.get("MATRIX_FOLDER"), "load.tsv");
      Files.writeString(file, lines);
      ask(c, "load data local infile '" + file + "' into table bulk");
    }
    return ask(c, "select count(*) from bulk");
  }

  public static void main(String[] arguments) throws Exception {
    check("token", () -> login(token, false));
    check("handle", () -> login(handle, false));
    check("wrong", () -> attempt(() -> login("lk_wrong", false)));
    check("verified", () -> login(token, true));
    Connection c;
    try { c = open(token, false); } catch (Exception error) { say("fatal", error.toString()); return; }
    check("simple", () -> ask(c, sql("simple")));
    check("prepared", () -> {
      try (PreparedStatement p = c.prepareStatement(sql("prepared").replace("{}", "?"))) {
        StringJoiner found = new StringJoiner(",");
        for (int value : new int[] {41, 42}) { p.setInt(1, value); found.add(row(p.executeQuery())); }
        return found.toString();
      }
    });
    check("error", () -> attempt(() -> ask(c, sql("wrong"))) + "|" + ask(c, "select 2"));
    check("cancel", () -> {
      Statement s = c.createStatement();
      Thread asking = Thread.currentThread();
      Thread stopper = new Thread(() -> { try { say("running", "cancel"); input.readLine(); untilReading(asking); s.cancel(); } catch (Exception error) { say("error", error.toString()); } });
      stopper.start();
      String seen = attempt(() -> s.execute(sql("long").replace("CHECK", "cancel")) ? row(s.getResultSet()) : "ended");
      stopper.join();
      return seen + "|" + ask(c, "select 3");
    });
    check("bulk", () -> bulk(c));
    check("metadata", () -> {
      if (kind.equals("jtds")) throw new Cannot("the stand-in has no catalog");
      StringBuilder found = new StringBuilder();
      try (ResultSet r = c.getMetaData().getColumns(c.getCatalog(), null, "matrix_items", "%")) {
        while (r.next()) found.append(r.getString("TABLE_NAME")).append('.').append(r.getString("COLUMN_NAME")).append(' ');
      }
      return found.toString();
    });
    check("cut", () -> {
      Connection cut = open(handle, false);
      say("running", "cut");
      String seen = attempt(() -> ask(cut, sql("long").replace("CHECK", "cut")));
      boolean alive = kind.equals("jtds") ? attempt(() -> ask(cut, "select 4")).equals("none 4") : cut.isValid(5);
      return (alive ? "kept " : "lost ") + seen + "|" + ask(open(handle, false), "select 4");
    });
    System.exit(0);
  }
}
