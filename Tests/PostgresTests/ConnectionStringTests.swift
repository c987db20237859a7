import Postgres
import Testing

struct ConnectionStringTests {
    @Test func secretsAreNotShown() throws {
        let uri = try ConnectionString.redacted("postgresql://me:hunter2@db/air?sslmode=require&sslpassword=hunter2")
        #expect(uri == "dbname=air host=db password=*** sslmode=require sslpassword=*** user=me")
        #expect(try ConnectionString.redacted("host=db password='hunter2 x'") == "host=db password=***")
        #expect(try ConnectionString.redacted("air") == "air")
        #expect(try ConnectionString.redacted("") == "")
        #expect(throws: PostgresError.self) { try ConnectionString.redacted("postgresql://me:p@hunter2@db/air") }
    }
}
