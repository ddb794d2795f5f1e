// Go's database/sql with lib/pq, go-sql-driver/mysql and go-mssqldb. See ../checks.ts for what is read of it.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"net/url"
	"os"
	"strings"
	"time"

	_ "github.com/denisenkom/go-mssqldb"
	"github.com/go-sql-driver/mysql"
	"github.com/lib/pq"
)

var (
	client   = os.Args[1]
	texts    map[string]string
	port     = os.Getenv("MATRIX_PORT")
	user     = os.Getenv("MATRIX_USER")
	database = os.Getenv("MATRIX_DATABASE")
	token    = os.Getenv("MATRIX_TOKEN")
	handle   = os.Getenv("MATRIX_HANDLE")
	ca       = os.Getenv("MATRIX_CA")
	input    = bufio.NewReader(os.Stdin)
)

type cannot string

func (c cannot) Error() string { return string(c) }

func say(line map[string]string) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func check(name string, body func() (string, error)) {
	value, err := body()
	if reason, ok := err.(cannot); ok {
		say(map[string]string{"check": name, "cannot": string(reason)})
	} else if err != nil {
		say(map[string]string{"check": name, "error": err.Error()})
	} else {
		say(map[string]string{"check": name, "value": value})
	}
}

func open(password string, verified bool) (*sql.DB, error) {
	var pool *sql.DB
	var err error
	switch client {
	case "postgres":
		place := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: "127.0.0.1:" + port, Path: database}
		if verified {
			place.Host = "localhost:" + port
			place.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {ca}}.Encode()
		}
		pool, err = sql.Open("postgres", place.String())
	case "mysql":
		config := mysql.NewConfig()
		config.User, config.Passwd, config.Net, config.Addr, config.DBName = user, password, "tcp", "127.0.0.1:"+port, database
		if verified {
			pem, _ := ioutil.ReadFile(ca)
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(pem)
			_ = mysql.RegisterTLSConfig("own", &tls.Config{RootCAs: roots, ServerName: "localhost"})
			config.TLSConfig = "own"
		}
		pool, err = sql.Open("mysql", config.FormatDSN())
	default:
		query := url.Values{"database": {database}, "connection timeout": {"60"}}
		if verified {
			query.Set("encrypt", "true")
			query.Set("certificate", ca)
			query.Set("hostNameInCertificate", "localhost")
		}
		place := url.URL{Scheme: "sqlserver", User: url.UserPassword(user, password), Host: "127.0.0.1:" + port, RawQuery: query.Encode()}
		pool, err = sql.Open("sqlserver", place.String())
	}
	if err == nil {
		pool.SetMaxOpenConns(1)
	}
	return pool, err
}

type asker interface {
	QueryRowContext(ctx context.Context, query string, args ...interface{}) *sql.Row
}

func one(on asker, query string, args ...interface{}) (string, error) {
	var value sql.NullString
	err := on.QueryRowContext(context.Background(), query, args...).Scan(&value)
	return value.String, err
}

func login(password string, verified bool) (string, error) {
	pool, err := open(password, verified)
	if err != nil {
		return "", err
	}
	// This version of go-mssqldb panics where TLS is closed.
	if client != "sqlserver" {
		defer pool.Close()
	}
	return one(pool, "select 1")
}

func row(rows *sql.Rows, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer rows.Close()
	names, _ := rows.Columns()
	values := make([]sql.NullString, len(names))
	places := make([]interface{}, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	if !rows.Next() {
		return "", rows.Err()
	}
	if err := rows.Scan(places...); err != nil {
		return "", err
	}
	found := make([]string, len(names))
	for i, value := range values {
		found[i] = "NULL"
		if value.Valid {
			found[i] = value.String
		}
	}
	return strings.Join(found, "|"), nil
}

func failure(value string, err error) string {
	if err != nil {
		return err.Error()
	}
	return "none " + value
}

func bulk(pool *sql.DB) (string, error) {
	if client == "sqlserver" {
		rows, err := pool.Query("select * from numbers(2000)")
		if err != nil {
			return "", err
		}
		defer rows.Close()
		count := 0
		for rows.Next() {
			count++
		}
		return fmt.Sprint(count), rows.Err()
	}
	if _, err := pool.Exec("create temporary table bulk (id int, note varchar(40))"); err != nil {
		return "", err
	}
	if client == "mysql" {
		file := os.Getenv("MATRIX_FOLDER") + "/load.tsv"
		text := ""
		for i := 0; i < 2000; i++ {
			text += fmt.Sprintf("%d\tnote %d\n", i, i)
		}
		_ = ioutil.WriteFile(file, []byte(text), 0o600)
		mysql.RegisterLocalFile(file)
		if _, err := pool.Exec("load data local infile '" + file + "' into table bulk"); err != nil {
			return "", err
		}
		return one(pool, "select count(*) from bulk")
	}
	begun, err := pool.Begin()
	if err != nil {
		return "", err
	}
	copied, err := begun.Prepare(pq.CopyIn("bulk", "id", "note"))
	if err != nil {
		return "", err
	}
	for i := 0; i < 2000; i++ {
		if _, err := copied.Exec(i, fmt.Sprintf("note %d", i)); err != nil {
			return "", err
		}
	}
	if _, err := copied.Exec(); err != nil {
		return "", err
	}
	copied.Close()
	if err := begun.Commit(); err != nil {
		return "", err
	}
	return one(pool, "select count(*) from bulk")
}

func main() {
	_ = json.Unmarshal([]byte(os.Getenv("MATRIX_SQL")), &texts)
	check("token", func() (string, error) { return login(token, false) })
	check("handle", func() (string, error) { return login(handle, false) })
	check("wrong", func() (string, error) { return failure(login("lk_wrong", false)), nil })
	check("verified", func() (string, error) { return login(token, true) })
	pool, err := open(token, false)
	if err == nil {
		err = pool.Ping()
	}
	if err != nil {
		say(map[string]string{"fatal": err.Error()})
		return
	}
	check("simple", func() (string, error) { return row(pool.Query(texts["simple"])) })
	check("prepared", func() (string, error) {
		mark := map[string]string{"postgres": "$1", "mysql": "?", "sqlserver": "@p1"}[client]
		statement, err := pool.Prepare(strings.Replace(texts["prepared"], "{}", mark, 1))
		if err != nil {
			return "", err
		}
		var first, second string
		if err := statement.QueryRow(41).Scan(&first); err != nil {
			return "", err
		}
		err = statement.QueryRow(42).Scan(&second)
		return first + "," + second, err
	})
	check("error", func() (string, error) {
		_, failed := pool.Exec(texts["wrong"])
		after, err := one(pool, "select 2")
		return fmt.Sprint(failed, "|", after), err
	})
	check("cancel", func() (string, error) {
		if client == "sqlserver" {
			return "", cannot("this version ends its connection for it")
		}
		limited, stop := context.WithCancel(context.Background())
		go func() {
			say(map[string]string{"running": "cancel"})
			_, _ = input.ReadString('\n')
			stop()
		}()
		value, failed := row(pool.QueryContext(limited, strings.Replace(texts["long"], "CHECK", "cancel", 1)))
		after, err := one(pool, "select 3")
		return "cancel 1 " + failure(value, failed) + "|" + after, err
	})
	check("bulk", func() (string, error) { return bulk(pool) })
	check("metadata", func() (string, error) {
		if client == "sqlserver" {
			return "", cannot("the stand-in has no catalog")
		}
		rows, err := pool.Query("select * from matrix_items")
		if err != nil {
			return "", err
		}
		names, err := rows.Columns()
		rows.Close()
		table, _ := one(pool, texts["tables"])
		return table + " " + strings.Join(names, " "), err
	})
	check("cut", func() (string, error) {
		pool, err := open(handle, false)
		if err != nil {
			return "", err
		}
		// A pool by itself would ask once more on a new connection, where its driver says that this one is lost.
		held, err := pool.Conn(context.Background())
		if err != nil {
			return "", err
		}
		say(map[string]string{"running": "cut"})
		seen := failure(row(held.QueryContext(context.Background(), strings.Replace(texts["long"], "CHECK", "cut", 1))))
		held.Close()
		if client != "mysql" {
			time.Sleep(100 * time.Millisecond)
		}
		// The next use of the pool must get a connection that is alive.
		after, err := one(pool, "select 4")
		return "lost " + seen + "|" + after, err
	})
}
