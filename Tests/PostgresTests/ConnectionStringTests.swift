import Postgres
import Testing

struct ConnectionStringTests {
    @Test func secretsAreNotShown() throws {
        let uri = try ConnectionString.redacted("postgresql://me:hunter2@db/air?sslmode=require&sslpassword=hunter2")
        #expect(uri == "dbname=air host=db password=*** sslmode=require sslpassword=*** user=me")
        #expect(try ConnectionString.redacted("host=db password='hunter2 x'") == "host=db password=***")
        #expect(try ConnectionString.redacted("host=db options='-c my.secret=hunter2'") == "host=db options=***")
        #expect(try ConnectionString.redacted("air") == "air")
        #expect(try ConnectionString.redacted("") == "")
    }

    /// Nothing between the first `:` after `//` and the last `@` may appear, and nothing that may be a password without
    /// one.
    @Test(arguments: [
        "postgresql://me:p@hunter2@db/air", "postgresql://me:pa@ss:hunter2@db/air",
        "postgresql://me:pa@hunter2/x9@db/air",
        "postgresql://me:pa/hunter2@db/air", "postgresql://me:hunter2/air", "postgresql://me:hunt%zzer2@db/air",
        "postgresql://me:pa@[hunter2@db/air", "host=db password=pa hunter2", "host=db password='pa'hunter2",
        "host=db dbname=postgresql://me:hunter2@db/air", "postgresql://me:hunter2", "host=db port=hunter2",
    ])
    func whatMayHoldAPartOfThePasswordIsRefused(conninfo: String) throws {
        let error = try #require(throws: PostgresError.self) { try ConnectionString.redacted(conninfo) }
        #expect(error.code == .misuse && !error.description.contains("hunt"), "\(error)")
    }

    @Test(arguments: ["postgresql://me:hunter2#pa@db:5432/air", "postgresql://me:pa?hunter2@db/air"])
    func whatLibpqReadsAsAPasswordIsOne(conninfo: String) throws {
        #expect(try !ConnectionString.redacted(conninfo).contains("hunter2"))
    }
}
