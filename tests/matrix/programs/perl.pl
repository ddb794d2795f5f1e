# Perl's DBI drivers: DBD::Pg, DBD::mysql, DBD::MariaDB, DBD::Sybase. See ../checks.ts for what is read of it.
use strict; use warnings; use utf8;
use DBI; use JSON::PP;

my $client = $ARGV[0];
my $json = JSON::PP->new->utf8;
my $sql = $json->decode($ENV{MATRIX_SQL});
my ($port, $user, $database, $token, $handle, $ca) = @ENV{map { "MATRIX_$_" } qw(PORT USER DATABASE TOKEN HANDLE CA)};
my $mysql = $sql->{protocol} eq 'mysql';
$ENV{TDSVER} = '7.4';
$| = 1;
sub say_line { print $json->encode({@_}), "\n" }
sub check {
    my ($name, $body) = @_;
    my $value = eval { $body->() };
    if (ref $@ eq 'SCALAR') { say_line(check => $name, cannot => ${$@}) }
    elsif ($@) { say_line(check => $name, error => "$@") }
    else { say_line(check => $name, value => "$value") }
}
sub source {
    my ($verified) = @_;
    die \'it is built without a way to insist on TLS' if $verified && $client eq 'mysql';
    my $host = $verified ? 'localhost' : '127.0.0.1';
    return "dbi:Pg:dbname=$database;host=$host;port=$port" . ($verified ? ";sslmode=verify-full;sslrootcert=$ca" : '') if $client eq 'Pg';
    my $short = $client eq 'mysql' ? 'mysql' : 'mariadb';
    $host = '127.0.0.1';
    return "dbi:$client:database=$database;host=$host;port=$port;${short}_local_infile=1" . ($verified ? ";${short}_ssl=1;${short}_ssl_ca_file=$ca" : '') if $mysql;
    die \'its authority is named in freetds.conf alone' if $verified;
    return "dbi:Sybase:host=$host;port=$port;database=$database";
}
sub enter {
    my ($password, $verified) = @_;
    my %more = $client eq 'Pg' ? (pg_enable_utf8 => 1) : $client eq 'mysql' ? (mysql_enable_utf8mb4 => 1) : ();
    return DBI->connect(source($verified), $user, $password, { RaiseError => 1, PrintError => 0, AutoCommit => 1, %more });
}
sub text { join '|', map { defined $_ ? $_ : 'NULL' } @_ }
sub one { my ($db, @statement) = @_; my @row = $db->selectrow_array(@statement); return text(@row) }
sub login { my $db = enter(@_); my $value = one($db, 'select 1'); $db->disconnect; return $value }
sub attempt { my ($body) = @_; my $value = eval { $body->() }; return $@ ? "$@" : "none $value" }

check(token => sub { login($token) });
check(handle => sub { login($handle) });
check(wrong => sub { attempt(sub { login('lk_wrong') }) });
check(verified => sub { login($token, 1) });
my $db = eval { enter($token) };
unless ($db) { say_line(fatal => "$@"); exit }
check(simple => sub { my $value = one($db, $sql->{simple}); utf8::decode($value) if $client eq 'Sybase'; return $value });
check(prepared => sub {
    die \'FreeTDS prepares nothing for it' if $client eq 'Sybase';
    (my $statement = $sql->{prepared}) =~ s/\{\}/?/;
    my $prepared = $db->prepare($statement, $client eq 'mysql' ? { mysql_server_prepare => 1 } : {});
    return join ',', map { $prepared->execute($_); text($prepared->fetchrow_array) } 41, 42;
});
check(error => sub { attempt(sub { $db->do($sql->{wrong}) }) . '|' . one($db, 'select 2') });
check(cancel => sub {
    (my $statement = $sql->{long}) =~ s/CHECK/cancel/;
    if ($client eq 'Pg') {
        require DBD::Pg;
        $db->do($statement, { pg_async => DBD::Pg::PG_ASYNC() });
        say_line(running => 'cancel'); <STDIN>;
        $db->pg_cancel;
        my $seen = $db->state;
        return "cancel $seen|" . one($db, 'select 3');
    }
    if ($mysql) {
        my $id = $client eq 'mysql' ? $db->{mysql_thread_id} : $db->{mariadb_thread_id};
        my $child = fork;
        unless ($child) {
            say_line(running => 'cancel'); <STDIN>;
            $db->{InactiveDestroy} = 1;
            enter($token)->do("KILL QUERY $id");
            require POSIX; POSIX::_exit(0);
        }
        my $seen = attempt(sub { one($db, $statement) });
        waitpid $child, 0;
        return "$seen|" . one($db, 'select 3');
    }
    die \'it has no call for it';
});
check(bulk => sub {
    if ($client eq 'Sybase') { return scalar @{ $db->selectall_arrayref('select * from numbers(2000)') } }
    $db->do('create temporary table bulk (id int, note varchar(40))');
    my @lines = map { "$_\tnote $_\n" } 1 .. 2000;
    if ($client eq 'Pg') { $db->do('copy bulk from stdin'); $db->pg_putcopydata($_) for @lines; $db->pg_putcopyend }
    else {
        my $file = "$ENV{MATRIX_FOLDER}/load.tsv";
        open my $out, '>', $file or die $!; print $out @lines; close $out;
        $db->do("load data local infile '$file' into table bulk");
    }
    return one($db, 'select count(*) from bulk');
});
check(metadata => sub {
    die \'the stand-in has no catalog' if $client eq 'Sybase';
    my $schema = $mysql ? undef : 'public';
    my $columns = $db->column_info($mysql ? undef : undef, $schema, 'matrix_items', '%')->fetchall_arrayref({});
    return join ' ', map { "$_->{TABLE_NAME}.$_->{COLUMN_NAME}" } @$columns;
});
check(cut => sub {
    my $cut = enter($handle);
    (my $statement = $sql->{long}) =~ s/CHECK/cut/;
    say_line(running => 'cut');
    my $seen = attempt(sub { one($cut, $statement) });
    # DBD::Sybase's ping looks at nothing.
    my $alive = eval { $client eq 'Sybase' ? one($cut, 'select 4') : $cut->ping };
    return ($alive ? 'kept' : 'lost') . " $seen|" . one(enter($handle), 'select 4');
});
