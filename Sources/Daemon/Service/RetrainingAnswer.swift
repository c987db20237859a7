enum RetrainingAnswer: Equatable {
    case accepted, joined, kept, standby
    case refused(String)
}
